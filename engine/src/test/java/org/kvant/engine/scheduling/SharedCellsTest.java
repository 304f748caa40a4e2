package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Usage;

/** A unified cache, where sequences compete for cells. */
class SharedCellsTest {
    private static SchedulerHarness harness(int sequences, int cells) throws IOException {
        return new SchedulerHarness(
                SchedulerHarness.context(sequences, cells).kvUnified(true).build());
    }

    @Test
    void oneSequenceMayTakeTheWholeCache() throws IOException {
        try (SchedulerHarness harness = harness(4, 512)) {
            assertThat(harness.loaded.info().sequenceContext()).isEqualTo(512);
            Collector sink = new Collector();
            harness.submit(harness.greedy(harness.longPrompt(400), GenerationRequest.UNLIMITED), sink);
            harness.run();
            assertThat(sink.finish().usage().totalTokens()).isEqualTo(512);
        }
    }

    @Test
    void idleSequencesMakeRoom() throws IOException {
        try (SchedulerHarness harness = harness(4, 512)) {
            for (int i = 0; i < 4; i++) {
                int[] prompt = harness.longPrompt(120);
                prompt[0] = 10 + i;
                harness.submit(harness.greedy(prompt, 1), new Collector());
                harness.run();
            }
            int[] other = harness.longPrompt(300);
            other[0] = 99;
            Collector sink = new Collector();
            harness.submit(harness.greedy(other, 100), sink);
            harness.run();
            assertThat(sink.finish().usage()).isEqualTo(new Usage(300, 0, 100));
            assertThat(harness.gauges.kvCellsEvicted).isBetween(120L, 480L);
            assertThat(harness.gauges.kvCellsRunning).isZero();
        }
    }

    @Test
    void whatSharingSavesIsTold() throws IOException {
        try (SchedulerHarness harness = harness(4, 512)) {
            int[] prompt = harness.longPrompt(120);
            harness.submit(harness.greedy(prompt, 1), new Collector());
            harness.run();
            assertThat(harness.gauges.kvCellsShared).isZero();
            for (int i = 0; i < 3; i++) {
                harness.submit(harness.greedy(prompt, 20), new Collector());
            }
            assertThat(harness.scheduler.step()).isTrue();
            assertThat(harness.scheduler.step()).isTrue();
            // All but the last token, for two of the three.
            assertThat(harness.gauges.kvCellsShared).isEqualTo(2 * 119);
            assertThat(harness.gauges.kvCellsUsed).isBetween(119L, 140L);
            harness.run();
        }
    }

    @Test
    void youngestWaitsWhenRunningSequencesOutgrowTheCache() throws IOException {
        try (SchedulerHarness harness = harness(4, 512)) {
            List<int[]> prompts = new ArrayList<>();
            List<String> alone = new ArrayList<>();
            for (String text : new String[] {"Once upon a time", "The little duck", "A wise owl", "One cold morning"}) {
                int[] prompt = harness.tokens(text);
                prompts.add(prompt);
                alone.add(harness.alone(prompt, 200));
            }
            List<Collector> sinks = new ArrayList<>();
            List<ActiveRequest> requests = new ArrayList<>();
            for (int[] prompt : prompts) {
                Collector sink = new Collector();
                sinks.add(sink);
                requests.add(harness.submit(harness.greedy(prompt, 200).reusePrefix(false), sink));
            }
            AtomicInteger waited = new AtomicInteger();
            while (harness.scheduler.step()) {
                if (harness.queue.size() > 0) {
                    waited.incrementAndGet();
                    // Whoever waits is younger than whoever runs.
                    assertThat(requests.getFirst().slot != null
                                    || requests.getFirst().finished())
                            .isTrue();
                }
            }
            assertThat(waited.get()).isPositive();
            assertThat(harness.preempted)
                    .isNotEmpty()
                    .doesNotContain(requests.getFirst().id());
            int same = 0;
            for (int i = 0; i < sinks.size(); i++) {
                assertThat(sinks.get(i).finish().reason()).isEqualTo(FinishReason.LENGTH);
                assertThat(sinks.get(i).finish().usage().completionTokens()).isEqualTo(200);
                String text = sinks.get(i).text();
                same += text.regionMatches(0, alone.get(i), 0, Math.min(100, text.length())) ? 1 : 0;
            }
            // Being computed again in other batches may tip a near tie, but rarely.
            assertThat(same).isGreaterThanOrEqualTo(3);
        }
    }
}
