package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.TokenLogprob;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.TinyModel;
import org.kvant.testkit.DemoModel;

/** Prompts for a quantized cache take their way through the scratch, and nobody can tell but by the time. */
class PromptScratchTest {
    @TempDir
    private Path dir;

    private static ContextOptions.Builder context(int sequences, int size, GgmlType type) {
        return SchedulerHarness.context(sequences, size)
                .cacheTypeK(type)
                .cacheTypeV(type)
                .batchSize(128)
                .ubatchSize(128);
    }

    private static SchedulerHarness harness(ContextOptions.Builder context, long scratch) throws IOException {
        return new SchedulerHarness(
                DemoModel.file(),
                EngineOptions.builder()
                        .context(context.build())
                        .promptScratchBytes(scratch)
                        .pauseTimeout(Duration.ofDays(1))
                        .promptLookup(false));
    }

    /** Log probabilities of the first token and its nearest rivals. */
    private static final class First extends Collector {
        final List<TokenLogprob> tokens = new ArrayList<>();

        @Override
        public void onText(String text, int tokenId, List<TokenLogprob> logprobs) {
            tokens.addAll(logprobs);
        }
    }

    private static TokenLogprob first(SchedulerHarness harness, int[] prompt) {
        First sink = new First();
        harness.submit(harness.greedy(prompt, 4).logprobs(5), sink);
        harness.run();
        sink.finish();
        return sink.tokens.getFirst();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "IQ4_NL"})
    void answersAreThoseOfThePlainCache(GgmlType type) throws IOException {
        TokenLogprob exact;
        int[] prompt;
        try (SchedulerHarness plain = harness(context(2, 1024, GgmlType.F16), 0)) {
            prompt = plain.longPrompt(420);
            exact = first(plain, prompt);
        }
        try (SchedulerHarness harness = harness(context(2, 1024, type), 1 << 26)) {
            assertThat(harness.gauges.promptScratch).isEqualTo(ModelMemory.NONE);
            TokenLogprob answered = first(harness, prompt);
            assertThat(harness.gauges.promptScratch.kvBytesK()).isPositive();
            assertThat(answered.token()).isEqualTo(exact.token());
            assertThat(answered.logprob()).isCloseTo(exact.logprob(), within(type == GgmlType.Q8_0 ? 0.02f : 0.3f));
            assertThat(harness.steps.getFirst().promptTokens()).isEqualTo(128);
        }
    }

    /** The trial may find ggml faster on some machine: then nothing changes. */
    @Test
    void isGivenBackWhereAttentionIsComputedInJava() throws Exception {
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), 1 << 26)) {
            int[] prompt = harness.longPrompt(420);
            TokenLogprob before = first(harness, prompt);
            assertThat(harness.gauges.promptScratch.kvBytesK()).isPositive();
            harness.loaded.tryAlternatives();
            harness.loaded.awaitAlternatives();
            boolean inJava = harness.loaded.context().hasOwnAttention();
            TokenLogprob after = first(harness, Arrays.copyOf(prompt, 419));
            assertThat(harness.gauges.promptScratch.bytes() == 0).isEqualTo(inJava);
            TokenLogprob again = first(harness, prompt);
            assertThat(again.token()).isEqualTo(before.token());
            assertThat(again.logprob()).isCloseTo(before.logprob(), within(0.05f));
            assertThat(after.logprob()).isNegative();
        }
    }

    @Test
    void shortPromptsDontMakeIt() throws IOException {
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), 1 << 26)) {
            first(harness, harness.longPrompt(100));
            assertThat(harness.gauges.promptScratch).isEqualTo(ModelMemory.NONE);
        }
    }

    @Test
    void noMemoryForItMeansNone() throws IOException {
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), 0)) {
            first(harness, harness.longPrompt(420));
            assertThat(harness.gauges.promptScratch).isEqualTo(ModelMemory.NONE);
        }
    }

    /** Half of a sequence's cells: longer prompts are computed in the served context. */
    @Test
    void promptsThatDontFitGoTheOldWay() throws IOException {
        long whole;
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), 1 << 26)) {
            first(harness, harness.longPrompt(300));
            whole = harness.gauges.promptScratch.kvBytesK() + harness.gauges.promptScratch.kvBytesV();
        }
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), whole / 2)) {
            first(harness, harness.longPrompt(300));
            assertThat(harness.gauges.promptScratch).isEqualTo(ModelMemory.NONE);
            first(harness, harness.longPrompt(250));
            first(harness, Arrays.copyOfRange(harness.longPrompt(500), 240, 490));
            assertThat(harness.gauges.promptScratch).isEqualTo(ModelMemory.NONE);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void conversationsGoOn(boolean unified) throws IOException {
        int[] words;
        TokenLogprob exact;
        try (SchedulerHarness plain = harness(context(2, 1024, GgmlType.F16), 0)) {
            words = plain.longPrompt(480);
            exact = first(plain, words);
        }
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0).kvUnified(unified), 1 << 26)) {
            first(harness, Arrays.copyOf(words, 300));
            harness.steps.clear();
            First sink = new First();
            harness.submit(harness.greedy(words, 4).logprobs(5), sink);
            harness.scheduler.step();
            assertThat(harness.scheduler.scratchCells(0) + harness.scheduler.scratchCells(1))
                    .as("what was known and the first piece")
                    .isGreaterThanOrEqualTo(300 + 64);
            harness.run();
            assertThat(sink.finish().usage().cachedTokens()).isEqualTo(300);
            assertThat(sink.tokens.getFirst().logprob()).isCloseTo(exact.logprob(), within(0.03f));
        }
    }

    @Test
    void whoLeavesLeavesWhatWasComputed() throws IOException {
        try (SchedulerHarness harness = harness(context(2, 1024, GgmlType.Q8_0), 1 << 26)) {
            int[] prompt = harness.longPrompt(450);
            Collector sink = new Collector();
            ActiveRequest request = harness.submit(harness.greedy(prompt, 4), sink);
            harness.scheduler.step();
            harness.scheduler.step();
            int computed = request.scratch().computed;
            assertThat(computed).isBetween(128, 400);
            request.cancel();
            harness.run();
            assertThat(sink.finish().reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(harness.scheduler.scratchCells(0)).isZero();
            Collector again = new Collector();
            harness.submit(harness.greedy(prompt, 4), again);
            harness.run();
            assertThat(again.finish().usage().cachedTokens()).isEqualTo(computed);
        }
    }

    /** The second request needn't wait until the whole of the first one's prompt is computed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void beginningsAreSharedOnTheWay(boolean unified) throws IOException {
        try (SchedulerHarness harness = harness(context(3, 1536, GgmlType.Q8_0).kvUnified(unified), 1 << 26)) {
            int[] words = harness.longPrompt(500);
            Collector one = new Collector();
            Collector two = new Collector();
            ActiveRequest first = harness.submit(harness.greedy(words, 4), one);
            harness.scheduler.step();
            ActiveRequest second = harness.submit(harness.greedy(Arrays.copyOf(words, 200), 4), two);
            boolean early = false;
            while (harness.scheduler.step()) {
                early |= second.slot != null && first.scratch().computed > 0;
                harness.checkCells();
            }
            assertThat(early).as("began before the first prompt was complete").isTrue();
            assertThat(two.finish().usage().cachedTokens()).isBetween(100, 199);
            assertThat(one.finish().usage().completionTokens()).isEqualTo(4);
        }
    }

    @Test
    void streamsGoOnBesidePrompts() throws IOException {
        try (SchedulerHarness harness = harness(context(4, 2048, GgmlType.Q8_0), 1 << 26)) {
            int[] words = harness.longPrompt(500);
            Collector stream = new Collector();
            harness.submit(harness.greedy(Arrays.copyOf(words, 20), 60), stream);
            harness.scheduler.step();
            List<Collector> sinks = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                Collector sink = new Collector();
                int[] prompt = Arrays.copyOf(words, 150 + 40 * i);
                prompt[0] = 100 + i;
                harness.submit(harness.greedy(prompt, 10).reusePrefix(false), sink);
                sinks.add(sink);
            }
            int pieces = stream.pieces.size();
            while (harness.scheduler.step()) {
                harness.checkCells();
                if (!stream.finished()) {
                    assertThat(stream.pieces.size()).as("a token in each step").isGreaterThanOrEqualTo(pieces);
                    pieces = stream.pieces.size();
                }
            }
            assertThat(stream.finish().usage().completionTokens()).isEqualTo(60);
            for (Collector sink : sinks) {
                assertThat(sink.finish().usage().completionTokens()).isEqualTo(10);
            }
        }
    }

    @Test
    void slidingWindows() throws IOException {
        Path model = TinyModel.gemma3().write(dir.resolve("gemma3.gguf"));
        int[] words = new Random(3).ints(1500, 5, 250).toArray();
        List<String> texts = new ArrayList<>();
        for (long scratch : new long[] {0, 1 << 26}) {
            try (SchedulerHarness harness = new SchedulerHarness(
                    model,
                    EngineOptions.builder()
                            .context(context(2, 4096, GgmlType.Q8_0).build())
                            .promptScratchBytes(scratch)
                            .promptLookup(false))) {
                First sink = new First();
                harness.submit(harness.greedy(words, 4).logprobs(1), sink);
                harness.run();
                sink.finish();
                texts.add(Integer.toString(sink.tokens.getFirst().token()));
                assertThat(harness.gauges.promptScratch.bytes() > 0).isEqualTo(scratch > 0);
            }
        }
        assertThat(texts.get(1)).isEqualTo(texts.get(0));
    }
}
