package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;

@TestInstance(Lifecycle.PER_CLASS)
class SamplingTest {
    private SchedulerHarness harness;

    @BeforeAll
    void load() throws IOException {
        harness = new SchedulerHarness(SchedulerHarness.context(2, 1024).build());
    }

    @AfterAll
    void close() {
        harness.close();
    }

    private ActiveRequest generate(String prompt, SamplingOptions sampling, int maxTokens, Collector sink) {
        ActiveRequest request = harness.submit(
                GenerationRequest.builder("s", harness.tokens(prompt))
                        .sampling(sampling)
                        .maxTokens(maxTokens)
                        .reusePrefix(false),
                sink);
        harness.run();
        return request;
    }

    private String text(String prompt, SamplingOptions sampling) {
        Collector sink = new Collector();
        generate(prompt, sampling, 40, sink);
        sink.finish();
        return sink.text();
    }

    private static SamplingOptions seeded(long seed) {
        return SamplingOptions.builder().temperature(1.2f).seed(seed).build();
    }

    @Test
    void sameSeedSameText() {
        String first = text("Once upon a time", seeded(7));
        assertThat(text("Once upon a time", seeded(7))).isEqualTo(first);
        Set<String> texts = new HashSet<>();
        for (int seed = 0; seed < 5; seed++) {
            texts.add(text("Once upon a time", seeded(seed)));
        }
        assertThat(texts).hasSizeGreaterThan(2);
    }

    @Test
    void noSeedIsANewOneEachTime() {
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            texts.add(text("Once upon a time", seeded(SamplingOptions.RANDOM_SEED)));
            texts.add(text("Once upon a time", seeded(0xFFFF_FFFFL)));
        }
        assertThat(texts).hasSizeGreaterThan(4);
    }

    @Test
    void temperatureZeroNeedsNoSeed() {
        SamplingOptions.Builder greedy = SamplingOptions.builder().temperature(0);
        assertThat(text("Once upon a time", greedy.seed(1).build()))
                .isEqualTo(text("Once upon a time", greedy.seed(2).build()));
        // A draw among one candidate.
        assertThat(text("Once upon a time", SamplingOptions.builder().topK(1).build()))
                .isEqualTo(text("Once upon a time", greedy.build()));
    }

    @Test
    void penaltiesCountThePrompt() {
        String prompt = "The fox and the duck and the bear and the fox";
        SamplingOptions plain = SamplingOptions.builder().temperature(0).build();
        SamplingOptions harsh = SamplingOptions.builder()
                .temperature(0)
                .presencePenalty(1000)
                .repeatLastN(512)
                .build();
        ActiveRequest request = generate(prompt, harsh, 40, new Collector());
        Set<Integer> seen = Arrays.stream(harness.tokens(prompt)).boxed().collect(Collectors.toSet());
        for (int i = request.promptTokens; i < request.tokens.size(); i++) {
            assertThat(seen.add(request.tokens.get(i))).as("token %d is new", i).isTrue();
        }
        ActiveRequest free = generate(prompt, plain, 40, new Collector());
        Set<Integer> repeated = new HashSet<>();
        boolean repeats = false;
        for (int i = 0; i < free.tokens.size(); i++) {
            repeats |= !repeated.add(free.tokens.get(i));
        }
        assertThat(repeats).isTrue();
    }

    @Test
    void endOfTextEndsUnlessIgnored() {
        int eos = harness.loaded.model().vocab().eos();
        Collector sink = new Collector();
        // The model has learnt that stories end; found by its own greedy text.
        ActiveRequest request = generate(
                "Once upon a time, there was a fox",
                SamplingOptions.builder().temperature(0).build(),
                400,
                sink);
        Finish end = sink.finish();
        assertThat(end.reason()).isEqualTo(FinishReason.STOP);
        assertThat(end.stop()).isNull();
        assertThat(harness.loaded.model().vocab().isEog(request.tokens.get(request.tokens.size() - 1)))
                .isTrue();
        assertThat(sink.text()).doesNotContain("<|");

        Collector ignoring = new Collector();
        ActiveRequest on =
                harness.submit(harness.greedy(harness.tokens("Once upon a time, there was a fox"), 400), ignoring);
        harness.run();
        assertThat(ignoring.finish().reason()).isEqualTo(FinishReason.LENGTH);
        for (int i = on.promptTokens; i < on.tokens.size(); i++) {
            assertThat(on.tokens.get(i)).isNotEqualTo(eos);
        }
    }

    @Test
    void stopStringsAcrossTokensAreCutOffAndNeverShown() {
        int[] prompt = harness.tokens("Once upon a time");
        String whole = harness.alone(prompt, 40);
        // Every place in the text, so that many stop strings begin and end inside tokens.
        for (int at = 3; at + 7 <= whole.length(); at += 5) {
            String stop = whole.substring(at, at + 7);
            Collector sink = new Collector();
            harness.submit(harness.greedy(prompt, 40).stop("not in there", stop), sink);
            harness.run();
            Finish end = sink.finish();
            assertThat(sink.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(end.reason()).isEqualTo(FinishReason.STOP);
            assertThat(end.stop()).isEqualTo(stop);
        }
        Collector never = new Collector();
        harness.submit(harness.greedy(prompt, 40).stop(whole + "and more"), never);
        harness.run();
        assertThat(never.text()).isEqualTo(whole);
        assertThat(never.finish().reason()).isEqualTo(FinishReason.LENGTH);
    }
}
