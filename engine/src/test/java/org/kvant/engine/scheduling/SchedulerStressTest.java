package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.gguf.GgmlType;

class SchedulerStressTest {
    /** Requests of all kinds come, pause, go on and leave in random order; everything ends, and Java and native memory agree throughout. */
    @ParameterizedTest
    @CsvSource({"false, F16", "true, F16", "false, Q8_0", "true, Q8_0"})
    void randomLife(boolean unified, GgmlType cache) throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        try (SchedulerHarness harness = new SchedulerHarness(SchedulerHarness.context(4, unified ? 700 : 2048)
                .kvUnified(unified)
                .cacheTypeK(cache)
                .cacheTypeV(cache)
                .batchSize(128)
                .build())) {
            // As in a server: attention may change hands meanwhile.
            harness.loaded.tryAlternatives();
            int[] words = harness.longPrompt(500);
            List<ActiveRequest> requests = new ArrayList<>();
            List<Collector> sinks = new ArrayList<>();
            int toCome = 60;
            while (true) {
                if (toCome > 0 && random.nextInt(3) == 0) {
                    toCome--;
                    Collector sink = new Collector();
                    sinks.add(sink);
                    requests.add(harness.submit(request(random, words), sink));
                }
                if (!requests.isEmpty()) {
                    meddle(random, requests.get(random.nextInt(requests.size())));
                }
                boolean worked = harness.scheduler.step();
                harness.checkCells();
                if (!worked && toCome == 0) {
                    if (requests.stream().allMatch(ActiveRequest::finished)) {
                        break;
                    }
                    requests.forEach(ActiveRequest::resume);
                }
            }
            assertThat(harness.gauges.running).isZero();
            assertThat(harness.queue.size()).isZero();
            for (int i = 0; i < sinks.size(); i++) {
                Finish end = sinks.get(i).finish();
                ActiveRequest request = requests.get(i);
                assertThat(request.sampler.holdsSampler()).isFalse();
                assertThat(end.reason())
                        .as("seed %d", seed)
                        .isIn(FinishReason.LENGTH, FinishReason.STOP, FinishReason.CANCELLED);
                if (end.reason() == FinishReason.LENGTH) {
                    assertThat(end.usage().completionTokens()).isEqualTo(request.limit);
                }
            }
        }
    }

    private static GenerationRequest.Builder request(Random random, int[] words) {
        // Many share a beginning, some are alike.
        int[] prompt = Arrays.copyOf(words, 1 + random.nextInt(random.nextInt(4) == 0 ? 400 : 60));
        if (random.nextBoolean()) {
            prompt[prompt.length / 2] = random.nextInt(4000);
        }
        return GenerationRequest.builder("stress", prompt)
                .sampling(SamplingOptions.builder()
                        .temperature(random.nextBoolean() ? 0 : 1)
                        .repeatPenalty(random.nextBoolean() ? 1 : 1.2f)
                        .seed(random.nextInt(1000))
                        .build())
                .maxTokens(random.nextInt(80))
                .stop(random.nextInt(3) == 0 ? List.of(" the", "zzz") : List.of())
                .reusePrefix(random.nextInt(4) != 0);
    }

    private static void meddle(Random random, ActiveRequest request) {
        switch (random.nextInt(12)) {
            case 0 -> request.cancel();
            case 1, 2 -> request.pause();
            case 3, 4, 5 -> request.resume();
            default -> {}
        }
    }
}
