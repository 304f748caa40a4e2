package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.TokenLogprob;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.DecodeResult;

/** Log probabilities against a log-softmax of the raw logits of another context. */
@TestInstance(Lifecycle.PER_CLASS)
class LogprobsTest {
    private static final double TOLERANCE = 2e-2; // batches of other shapes round differently

    private SchedulerHarness harness;

    @BeforeAll
    void load() throws IOException {
        harness = new SchedulerHarness(SchedulerHarness.context(2, 1024).build());
    }

    @AfterAll
    void close() {
        harness.close();
    }

    private static final class Logged extends Collector {
        final List<TokenLogprob> tokens = new ArrayList<>();
        final List<TokenLogprob> prompt = new ArrayList<>();

        @Override
        public void onText(String text, int tokenId, List<TokenLogprob> logprobs) {
            tokens.addAll(logprobs);
            super.onText(text, tokenId, logprobs);
        }

        @Override
        public void onPrompt(List<TokenLogprob> logprobs) {
            assertThat(tokens).isEmpty();
            prompt.addAll(logprobs);
        }
    }

    /** Log probabilities of all tokens behind each position. */
    private double[][] reference(TokenList tokens, int count) {
        try (Context context = harness.loaded
                .model()
                .newContext(SchedulerHarness.context(1, 512).maxOutputs(512).build())) {
            Batch batch = new Batch(512);
            for (int i = 0; i < count; i++) {
                batch.add(tokens.get(i), i, 0, true);
            }
            assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
            double[][] result = new double[count][];
            for (int i = 0; i < count; i++) {
                float[] logits = context.logits(i);
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit);
                }
                result[i] = new double[logits.length];
                for (int t = 0; t < logits.length; t++) {
                    result[i][t] = logits[t] - Math.log(sum);
                }
            }
            return result;
        }
    }

    private static void check(TokenLogprob got, int token, double[] expected, int alternatives) {
        assertThat(got.token()).isEqualTo(token);
        assertThat((double) got.logprob()).isCloseTo(expected[token], within(TOLERANCE));
        assertThat(got.top()).hasSize(alternatives).doesNotHaveDuplicates();
        double[] sorted = expected.clone();
        Arrays.sort(sorted);
        for (int i = 0; i < alternatives; i++) {
            assertThat((double) got.topLogprobs()[i]).isCloseTo(expected[got.top()[i]], within(TOLERANCE));
            assertThat((double) got.topLogprobs()[i]).isCloseTo(sorted[sorted.length - 1 - i], within(TOLERANCE));
        }
    }

    @Test
    void sampledTokensHaveTheModelsOwnProbabilities() {
        Logged sink = new Logged();
        ActiveRequest request = harness.submit(
                harness.greedy(harness.tokens("Once upon a time there was a"), 20)
                        // Samplers change what is chosen, not what is told.
                        .sampling(SamplingOptions.builder()
                                .temperature(1.5f)
                                .presencePenalty(1)
                                .seed(3)
                                .build())
                        .logprobs(5),
                sink);
        harness.run();
        sink.finish();
        double[][] reference = reference(request.tokens, request.tokens.size());
        assertThat(sink.tokens).hasSize(20);
        for (int i = 0; i < 20; i++) {
            int at = request.promptTokens + i;
            check(sink.tokens.get(i), request.tokens.get(at), reference[at - 1], 5);
        }
    }

    @Test
    void promptsHaveThemToo() {
        int[] prompt = harness.longPrompt(400);
        Logged sink = new Logged();
        // Cells of the same prompt are no help: all its logits are wanted.
        harness.alone(prompt, 1);
        ActiveRequest request =
                harness.submit(harness.greedy(prompt, 1).logprobs(1).promptLogprobs(1), sink);
        // Another one in the same batches.
        Logged other = new Logged();
        ActiveRequest second =
                harness.submit(harness.greedy(harness.longPrompt(60), 0).promptLogprobs(0), other);
        harness.run();
        assertThat(sink.finish().usage().cachedTokens()).isZero();
        double[][] reference = reference(request.tokens, prompt.length);
        assertThat(sink.prompt).hasSize(prompt.length - 1);
        for (int i = 1; i < prompt.length; i++) {
            check(sink.prompt.get(i - 1), prompt[i], reference[i - 1], 1);
        }
        assertThat(sink.tokens).hasSize(1);
        check(sink.tokens.getFirst(), request.tokens.get(prompt.length), reference[prompt.length - 1], 1);
        assertThat(other.finish().reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(other.prompt).hasSize(second.promptTokens - 1);
        check(other.prompt.get(30), prompt[31], reference[30], 0);
    }

    @Test
    void theyComeWithTheirTextAndEndWithIt() {
        int[] prompt = harness.tokens("Once upon a time");
        String whole = harness.alone(prompt, 40);
        String stop = whole.substring(30, 36);
        Logged sink = new Logged();
        harness.submit(harness.greedy(prompt, 40).logprobs(0).stop(stop), sink);
        harness.run();
        assertThat(sink.finish().stop()).isEqualTo(stop);
        StringBuilder text = new StringBuilder();
        for (TokenLogprob token : sink.tokens) {
            text.append(harness.loaded.model().vocab().detokenize(new int[] {token.token()}, false, false));
        }
        // The last one may reach into the stop string.
        assertThat(text.toString()).startsWith(sink.text());
        assertThat(text.length()).isLessThan(sink.text().length() + 12);
    }
}
