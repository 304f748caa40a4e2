package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.TinyModel;

/** A model whose first layer remembers a window of 256 tokens (and what else fits its 512 cells): its memory can't be rewound at will. */
class SlidingWindowTest {
    private static final int VOCABULARY = 256;

    @TempDir
    private Path dir;

    private SchedulerHarness harness() throws IOException {
        Path model = TinyModel.gemma3().write(dir.resolve("gemma3.gguf"));
        return new SchedulerHarness(
                model,
                SchedulerHarness.context(1, 2048).batchSize(128).ubatchSize(64).build(),
                512,
                Duration.ofDays(1));
    }

    private static int[] randomTokens(int count) {
        return new Random(count).ints(count, 5, VOCABULARY).toArray();
    }

    private static int[] prompt(int[] words, int shared, int total, int shift) {
        int[] prompt = Arrays.copyOf(words, total);
        for (int i = shared; i < total; i++) {
            prompt[i] = 5 + (prompt[i] + shift) % (VOCABULARY - 5);
        }
        return prompt;
    }

    private static Collector run(SchedulerHarness harness, int[] prompt) {
        Collector sink = new Collector();
        harness.submit(harness.greedy(prompt, 20), sink);
        harness.run();
        sink.finish();
        return sink;
    }

    @Test
    void prefixThatTheWindowHasLeftIsComputedAgain() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int[] words = randomTokens(1500);
            int[] early = prompt(words, 300, 400, 7);
            String alone = harness.alone(early, 20);
            run(harness, words);
            assertThat(harness.loaded.context().memory().minPosition(0)).isGreaterThan(300);
            Collector again = run(harness, early);
            assertThat(again.finish().usage().cachedTokens()).isZero();
            assertThat(again.text()).isEqualTo(alone);
        }
    }

    @Test
    void prefixThatTheWindowStillHoldsIsReused() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int[] words = randomTokens(1500);
            int[] late = prompt(words, 1490, 1510, 7);
            String alone = harness.alone(late, 20);
            run(harness, words);
            Collector again = run(harness, late);
            assertThat(again.finish().usage().cachedTokens()).isEqualTo(1490);
            assertThat(again.text()).isEqualTo(alone);
        }
    }

    @Test
    void conversationIsContinuedAtItsEnd() throws IOException {
        try (SchedulerHarness harness = harness()) {
            Collector sink = new Collector();
            ActiveRequest turn = harness.submit(harness.greedy(randomTokens(1500), 20), sink);
            harness.run();
            int[] history = new int[turn.tokens.size() + 10];
            for (int i = 0; i < history.length; i++) {
                history[i] = i < turn.tokens.size() ? turn.tokens.get(i) : 9;
            }
            String alone = harness.alone(history, 20);
            Collector first = new Collector();
            harness.submit(harness.greedy(randomTokens(1500), 20).reusePrefix(false), first);
            harness.run();
            Collector next = run(harness, history);
            assertThat(next.finish().usage().cachedTokens()).isEqualTo(1519);
            assertThat(next.text()).isEqualTo(alone);
        }
    }
}
