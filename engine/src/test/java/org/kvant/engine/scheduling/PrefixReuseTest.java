package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Usage;

class PrefixReuseTest {
    private static Collector run(SchedulerHarness harness, int[] prompt, int maxTokens) {
        Collector sink = new Collector();
        harness.submit(harness.greedy(prompt, maxTokens), sink);
        harness.run();
        sink.finish();
        return sink;
    }

    private static int[] concat(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    @Test
    void sharedBeginningIsNotComputedAgainAndTheTextIsTheSame() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            int[] system = harness.longPrompt(100);
            int[] first = concat(system, harness.loaded.model().vocab().tokenize(" Once upon a time", false, true));
            int[] second = concat(system, harness.loaded.model().vocab().tokenize(" The little duck", false, true));
            String alone = harness.alone(second, 30);
            run(harness, first, 30);
            harness.steps.clear();
            Collector reused = run(harness, second, 30);
            assertThat(reused.finish().usage()).isEqualTo(new Usage(second.length, 100, 30));
            assertThat(reused.text()).isEqualTo(alone);
            assertThat(harness.steps.getFirst().tokens()).isEqualTo(second.length - 100);
        }
    }

    @Test
    void samePromptComputesItsLastTokenOnly() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            int[] prompt = harness.longPrompt(50);
            Collector first = run(harness, prompt, 20);
            Collector second = run(harness, prompt, 20);
            assertThat(second.finish().usage().cachedTokens()).isEqualTo(49);
            assertThat(second.text()).isEqualTo(first.text());
        }
    }

    @Test
    void conversationGoesOnWhereItEnded() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(2, 1024).build())) {
            Collector sink = new Collector();
            ActiveRequest turn = harness.submit(harness.greedy(harness.longPrompt(40), 20), sink);
            harness.run();
            int[] history = new int[turn.tokens.size() + 3];
            for (int i = 0; i < turn.tokens.size(); i++) {
                history[i] = turn.tokens.get(i);
            }
            Arrays.fill(history, turn.tokens.size(), history.length, 5);
            // The last sampled token was never decoded.
            assertThat(run(harness, history, 5).finish().usage().cachedTokens()).isEqualTo(59);
        }
    }

    @Test
    void bestSequenceIsTakenElseTheOneUnusedForLongest() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(3, 1536).build())) {
            int[] fox = harness.tokens("The fox was " + "very ".repeat(20));
            int[] duck = harness.tokens("A duck is " + "not ".repeat(20));
            int[] bear = harness.tokens("Some bears " + "sleep ".repeat(20));
            int[] owl = harness.tokens("Every owl " + "hoots ".repeat(20));
            run(harness, fox, 2);
            run(harness, duck, 2);
            run(harness, bear, 2);
            assertThat(run(harness, fox, 2).finish().usage().cachedTokens()).isEqualTo(fox.length - 1);
            // Of duck, bear and fox, the duck's was left longest ago.
            run(harness, owl, 2);
            assertThat(run(harness, bear, 2).finish().usage().cachedTokens()).isEqualTo(bear.length - 1);
            assertThat(run(harness, fox, 2).finish().usage().cachedTokens()).isEqualTo(fox.length - 1);
            assertThat(run(harness, duck, 2).finish().usage().cachedTokens()).isLessThan(3);
        }
    }

    @Test
    void reuseCanBeDeclined() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            int[] prompt = harness.longPrompt(50);
            run(harness, prompt, 2);
            Collector sink = new Collector();
            harness.submit(harness.greedy(prompt, 2).reusePrefix(false), sink);
            harness.run();
            assertThat(sink.finish().usage().cachedTokens()).isZero();
        }
    }

    /** llama.cpp computes neighbouring sequences in one pass, others in passes of their own. */
    @Test
    void busySequencesStayNeighbours() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(6, 1536).build())) {
            // Leaves the lowest sequences as those used last.
            for (String text : new String[] {"fox", "duck", "bear", "owl", "cat", "dog"}) {
                run(harness, harness.tokens(text + " ".repeat(3)), 2);
            }
            ActiveRequest a = harness.submit(harness.greedy(harness.tokens("alpha beta"), 20), new Collector());
            ActiveRequest b = harness.submit(harness.greedy(harness.tokens("gamma delta"), 20), new Collector());
            ActiveRequest c = harness.submit(harness.greedy(harness.tokens("epsilon zeta"), 20), new Collector());
            harness.scheduler.step();
            int[] used = {
                Objects.requireNonNull(a.slot).sequence,
                Objects.requireNonNull(b.slot).sequence,
                Objects.requireNonNull(c.slot).sequence
            };
            Arrays.sort(used);
            assertThat(used[2] - used[0]).isEqualTo(2);
        }
    }
}
