package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.Usage;
import org.kvant.engine.scheduling.SchedulerHarness.Step;
import org.kvant.testkit.DemoModel;

class SchedulerTest {
    private static final List<String> BEGINNINGS = List.of(
            "Once upon a time, there was a fox",
            "Once upon a time, there was a duck",
            "One day, a little girl",
            "Lily and Tom went",
            "The old bear",
            "It was a cold morning",
            "A wise owl named",
            "Once upon a time, in a small house");

    /**
     * Batched and single products may round differently, so a near tie may tip and a text go its own way from there. Sequences that see each
     * other's cells would differ at once and everywhere.
     */
    @Test
    void manySequencesAtOnceGiveTheTextThatEachGivesAlone() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(8, 4096).build())) {
            List<String> alone = new ArrayList<>();
            for (String beginning : BEGINNINGS) {
                alone.add(harness.alone(harness.tokens(beginning), 40));
            }
            List<Collector> together = new ArrayList<>();
            for (String beginning : BEGINNINGS) {
                Collector sink = new Collector();
                together.add(sink);
                harness.submit(harness.greedy(harness.tokens(beginning), 40).reusePrefix(false), sink);
            }
            harness.steps.clear();
            harness.run();
            assertThat(harness.steps).filteredOn(s -> s.tokens() == 8).hasSize(39);
            assertThat(alone).doesNotHaveDuplicates();
            long same = IntStream.range(0, BEGINNINGS.size())
                    .filter(i -> alone.get(i).equals(together.get(i).text()))
                    .count();
            assertThat(same).isGreaterThanOrEqualTo(6);
        }
    }

    @Test
    void longPromptDoesNotStallStreams() throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(
                DemoModel.file(), SchedulerHarness.context(3, 1536).build(), 32, Duration.ofDays(1))) {
            Collector first = new Collector();
            Collector second = new Collector();
            harness.submit(harness.greedy(harness.tokens("Once upon a time"), 60), first);
            harness.submit(harness.greedy(harness.tokens("The little duck"), 60), second);
            harness.scheduler.step();
            harness.steps.clear();

            Collector late = new Collector();
            ActiveRequest prompt = harness.submit(harness.greedy(harness.longPrompt(400), 5), late);
            while (prompt.sampled == 0) {
                harness.scheduler.step();
            }
            // Every decode carried both streams on, beside at most 32 tokens of the prompt: 29, one and a multiple of
            // four.
            assertThat(harness.steps).hasSize(14).allSatisfy(step -> {
                assertThat(step.promptTokens()).isBetween(1, 32);
                assertThat(step.tokens() - step.promptTokens()).isEqualTo(2);
            });
            harness.run();
            assertThat(first.finish().usage().completionTokens()).isEqualTo(60);
            assertThat(second.finish().usage().completionTokens()).isEqualTo(60);
            assertThat(late.finish().usage()).isEqualTo(new Usage(400, 0, 5));
        }
    }

    @Test
    void shorterPromptsAreComputedFirst() throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(
                SchedulerHarness.context(3, 1536).batchSize(96).build())) {
            ActiveRequest large = harness.submit(harness.greedy(harness.longPrompt(400), 1), new Collector());
            ActiveRequest small = harness.submit(harness.greedy(harness.longPrompt(10), 1), new Collector());
            int[] different = harness.longPrompt(300);
            different[0] = 99;
            ActiveRequest other = harness.submit(harness.greedy(different, 1), new Collector());
            harness.scheduler.step();
            assertThat(small.finished()).isTrue();
            assertThat(Objects.requireNonNull(large.slot).cells).isZero();
            assertThat(Objects.requireNonNull(other.slot).cells).isEqualTo(85);
            assertThat(harness.steps).containsExactly(new Step(95, 95));
            harness.run();
            assertThat(other.finished()).isTrue();
            assertThat(large.finished()).isTrue();
        }
    }

    @Test
    void cancelledPromptIsFreeBeforeTheNextDecodeAndItsCellsAreReused() throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(
                SchedulerHarness.context(1, 512).batchSize(64).build())) {
            Collector sink = new Collector();
            ActiveRequest request = harness.submit(harness.greedy(harness.longPrompt(300), 20), sink);
            harness.scheduler.step();
            harness.scheduler.step();
            assertThat(harness.gauges.running).isEqualTo(1);
            request.cancel("gone");
            harness.steps.clear();
            assertThat(harness.scheduler.step()).isFalse();
            assertThat(harness.steps).isEmpty();
            assertThat(harness.gauges.running).isZero();
            Finish end = sink.finish();
            assertThat(end.reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(end.error()).isEqualTo("gone");
            assertThat(end.usage()).isEqualTo(new Usage(300, 0, 0));

            Collector again = new Collector();
            harness.submit(harness.greedy(harness.longPrompt(300), 3), again);
            harness.run();
            assertThat(again.finish().usage()).isEqualTo(new Usage(300, 128, 3));
        }
    }

    @Test
    void sinkThatCancelsGetsNoFurtherToken() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            ActiveRequest[] self = new ActiveRequest[1];
            Collector sink = new Collector() {
                @Override
                public void onText(String text, int tokenId) {
                    super.onText(text, tokenId);
                    if (pieces.size() == 3) {
                        self[0].cancel();
                    }
                }
            };
            self[0] = harness.submit(harness.greedy(harness.tokens("Once upon a time"), 50), sink);
            harness.run();
            assertThat(sink.finish().reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(sink.pieces).hasSize(3);
            assertThat(harness.gauges.running).isZero();
        }
    }

    @Test
    void sinkThatFailsEndsItsOwnRequestOnly() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(2, 1024).build())) {
            Collector broken = new Collector() {
                @Override
                public void onText(String text, int tokenId) {
                    throw new IllegalStateException("no more");
                }
            };
            Collector fine = new Collector();
            harness.submit(harness.greedy(harness.tokens("Once upon a time"), 10), broken);
            harness.submit(harness.greedy(harness.tokens("The little duck"), 10), fine);
            harness.run();
            assertThat(broken.finish().reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(broken.finish().error()).contains("no more");
            assertThat(fine.finish().reason()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void waitingRequestCanBeCancelled() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            Collector running = new Collector();
            Collector waiting = new Collector();
            harness.submit(harness.greedy(harness.tokens("Once upon a time"), 10), running);
            ActiveRequest second = harness.submit(harness.greedy(harness.tokens("The duck"), 10), waiting);
            harness.scheduler.step();
            assertThat(harness.queue.size()).isEqualTo(1);
            second.cancel();
            harness.scheduler.step();
            assertThat(waiting.finish().reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(waiting.finish().usage().completionTokens()).isZero();
            assertThat(harness.queue.size()).isZero();
            harness.run();
            assertThat(running.finish().reason()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void pausedRequestStandsStillWhileOthersGoOn() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(2, 1024).build())) {
            int[] prompt = harness.tokens("Once upon a time, there was a fox");
            Collector slow = new Collector();
            Collector other = new Collector();
            ActiveRequest paused = harness.submit(harness.greedy(prompt, 30), slow);
            harness.submit(harness.greedy(harness.tokens("The little duck"), 30), other);
            for (int i = 0; i < 5; i++) {
                harness.scheduler.step();
            }
            paused.pause();
            int sampled = paused.sampled;
            harness.run();
            assertThat(paused.sampled).isEqualTo(sampled);
            assertThat(other.finish().usage().completionTokens()).isEqualTo(30);
            assertThat(harness.gauges.paused).isEqualTo(1);
            assertThat(slow.finished()).isFalse();

            paused.resume();
            harness.run();
            assertThat(slow.finish().usage().completionTokens()).isEqualTo(30);
            assertThat(harness.gauges.paused).isZero();
        }
    }

    @Test
    void pausedForTooLongIsCancelled() throws IOException, InterruptedException {
        try (SchedulerHarness harness = new SchedulerHarness(
                DemoModel.file(), SchedulerHarness.context(1, 512).build(), 512, Duration.ofMillis(20))) {
            Collector sink = new Collector();
            ActiveRequest request = harness.submit(harness.greedy(harness.tokens("Once upon a time"), 30), sink);
            harness.scheduler.step();
            request.pause();
            assertThat(harness.scheduler.step()).isFalse();
            assertThat(harness.scheduler.nanosToTimeout()).isBetween(1L, 20_000_000L);
            Thread.sleep(30);
            assertThat(harness.scheduler.step()).isFalse();
            assertThat(sink.finish().reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(sink.finish().error()).contains("too slowly");
            assertThat(harness.scheduler.nanosToTimeout()).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void contextEndIsALengthFinish() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(2, 512).build())) {
            assertThat(harness.loaded.info().sequenceContext()).isEqualTo(256);
            Collector sink = new Collector();
            harness.submit(harness.greedy(harness.longPrompt(200), GenerationRequest.UNLIMITED), sink);
            harness.run();
            assertThat(sink.finish().reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(sink.finish().usage()).isEqualTo(new Usage(200, 0, 56));
        }
    }

    @Test
    void noTokensWantedComputesThePromptOnly() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            Collector sink = new Collector();
            harness.submit(harness.greedy(harness.longPrompt(100), 0), sink);
            harness.run();
            assertThat(sink.finish().usage()).isEqualTo(new Usage(100, 0, 0));
            assertThat(sink.text()).isEmpty();
            assertThat(harness.gauges.kvCellsUsed).isEqualTo(100);
        }
    }

    /** At a temperature that makes all tokens alike, byte tokens come in any order: characters are broken, but never by us. */
    @Test
    void textIsThatOfAllBytesTogether() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            for (int seed = 0; seed < 5; seed++) {
                Collector sink = new Collector();
                ActiveRequest request = harness.submit(
                        GenerationRequest.builder("wild", harness.tokens("Emoji: "))
                                .sampling(SamplingOptions.builder()
                                        .temperature(1000)
                                        .topK(0)
                                        .topP(1)
                                        .minP(0)
                                        .seed(seed)
                                        .build())
                                .ignoreEos(true)
                                .maxTokens(300),
                        sink);
                harness.run();
                sink.finish();
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                for (int i = request.promptTokens; i < request.tokens.size(); i++) {
                    bytes.writeBytes(harness.loaded.model().vocab().piece(request.tokens.get(i), false));
                }
                assertThat(sink.text()).isEqualTo(bytes.toString(StandardCharsets.UTF_8));
                assertThat(sink.pieces)
                        .allSatisfy(piece -> assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                                .isFalse());
            }
        }
    }
}
