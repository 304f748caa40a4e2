package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.scheduling.SchedulerHarness.Step;
import org.kvant.testkit.DemoModel;

/** Rows that nobody wants are computed, counted nowhere and leave nothing behind. */
class RowFillingTest {
    private static final List<String> PROMPTS = List.of(
            "Once upon a time",
            "The little duck was",
            "One day Tom and his sister went to the park to",
            "There was a big tree");

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 6, 7})
    void streamsInSequencesOfTheirOwnAreRoundedToFours(int streams) throws IOException {
        assertRounded(SchedulerHarness.context(8, 2048).build(), streams, 8);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void streamsThatShareCellsAreRoundedToFours(int streams) throws IOException {
        assertRounded(SchedulerHarness.context(5, 2048).kvUnified(true).build(), streams, 8);
    }

    /** Some stay as they are where no sequence is idle. */
    @Test
    void noSequenceIsLeft() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(3, 768).build())) {
            stream(harness, 3, 8);
            assertThat(harness.rows).contains(3).doesNotContain(4);
        }
    }

    @Test
    void aFullSequenceGetsNoFurtherRow() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 256).build())) {
            Collector sink = new Collector();
            harness.submit(harness.greedy(harness.longPrompt(254), 5), sink);
            harness.run();
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(2);
        }
    }

    @Test
    void oneStreamIsNotMadeFour() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(4, 1024).build())) {
            stream(harness, 1, 8);
            assertThat(harness.rows).isNotEmpty().containsOnly(1);
        }
    }

    /** A prompt that has to wait takes the row that an idle sequence would have had. */
    @Test
    void promptsThatWaitGetOn() throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(
                DemoModel.file(), SchedulerHarness.context(4, 2048).build(), 64, Duration.ofDays(1))) {
            List<Collector> sinks = new ArrayList<>();
            submit(harness, 2, 20, sinks);
            harness.scheduler.step();
            ActiveRequest first =
                    harness.submit(harness.greedy(harness.longPrompt(300), 4).priority(0), new Collector());
            int[] other = harness.longPrompt(300);
            other[0] = 99;
            ActiveRequest second = harness.submit(harness.greedy(other, 4).priority(1), new Collector());
            harness.steps.clear();
            harness.scheduler.step();
            assertThat(first.pending()).isEqualTo(300 - 61);
            assertThat(second.pending()).isEqualTo(299);
            Step step = harness.steps.getFirst();
            assertThat(step.tokens() - step.promptTokens()).isEqualTo(2);
            harness.run();
            assertThat(second.finished()).isTrue();
        }
    }

    private static void assertRounded(org.kvant.llama.ContextOptions context, int streams, int tokens)
            throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(context)) {
            List<String> texts = stream(harness, streams, tokens);
            assertThat(harness.rows)
                    .isNotEmpty()
                    .allSatisfy(rows -> assertThat(rows % StepCosts.ROWS).isZero());
            for (int i = 0; i < streams; i++) {
                assertThat(texts.get(i)).isEqualTo(harness.alone(harness.tokens(prompt(i)), tokens));
            }
        }
    }

    private static List<String> stream(SchedulerHarness harness, int streams, int tokens) {
        List<Collector> sinks = new ArrayList<>();
        submit(harness, streams, tokens, sinks);
        // Together from the first decode to the last.
        harness.run();
        List<String> texts = new ArrayList<>();
        for (Collector sink : sinks) {
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(tokens);
            texts.add(sink.text());
        }
        int wanted = harness.steps.stream()
                .mapToInt(step -> step.tokens() - step.promptTokens())
                .sum();
        assertThat(wanted).isEqualTo(streams * (tokens - 1));
        return texts;
    }

    private static void submit(SchedulerHarness harness, int streams, int tokens, List<Collector> sinks) {
        for (int i = 0; i < streams; i++) {
            Collector sink = new Collector();
            sinks.add(sink);
            harness.submit(harness.greedy(harness.tokens(prompt(i)), tokens), sink);
        }
    }

    private static String prompt(int stream) {
        return PROMPTS.get(stream % PROMPTS.size()) + " ".repeat(stream / PROMPTS.size());
    }
}
