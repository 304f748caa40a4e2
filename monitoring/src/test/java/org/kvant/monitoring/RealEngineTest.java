package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvant.engine.Engine;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.request.Usage;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.gguf.GgmlType;
import org.kvant.testkit.DemoModel;

/** A real engine's work in the metrics, held against what its clients were told. */
class RealEngineTest {
    private static final String[] DEMO = {"model", "demo"};

    private final Monitoring monitoring = new Monitoring(BuildInfo.of("test"));
    private final EngineMetrics metrics = monitoring.engine("demo");
    private Engine engine;

    private static final class Collector implements TokenSink {
        final CompletableFuture<Finish> finish = new CompletableFuture<>();
        volatile int pieces;

        @Override
        public void onText(String text, int tokenId) {
            pieces++;
        }

        @Override
        public void onFinish(Finish end) {
            finish.complete(end);
        }
    }

    @BeforeEach
    void start() throws Exception {
        EngineOptions options = EngineOptions.builder()
                .context(EngineOptions.defaultContext()
                        .contextSize(1024)
                        .maxSequences(2)
                        .threads(1)
                        .cacheTypeK(GgmlType.Q8_0)
                        .build())
                // Guessed tokens are in batches, too, whether they come true or not.
                .promptLookup(false)
                .build();
        engine = Engine.start(DemoModel.file(), options, metrics);
        metrics.watch(engine::snapshot);
        assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
    }

    @AfterEach
    void stop() {
        engine.close();
        monitoring.close();
    }

    @Test
    void whatClientsWereToldIsWhatIsCounted() throws Exception {
        List<Collector> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            clients.add(submit("Once upon a time there was", 5 + i));
        }
        Collector stopped = submit("The cat sat on the mat and", 1);
        clients.add(stopped);
        Collector cancelled = new Collector();
        Generation generation = engine.submit(request("Tell me a long story", 400), cancelled);
        Awaitility.await().until(() -> cancelled.pieces > 0 || cancelled.finish.isDone());
        generation.cancel();
        clients.add(cancelled);
        assertThatExceptionOfType(RequestRejectedException.class)
                .isThrownBy(() -> engine.submit(
                        GenerationRequest.builder("none", new int[0]).build(), new Collector()));

        List<Finish> ends = new ArrayList<>();
        for (Collector client : clients) {
            ends.add(client.finish.get(1, TimeUnit.MINUTES));
        }
        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());

        EngineMetricsTest.assertCatalogue(scrape);
        int prompt =
                ends.stream().map(Finish::usage).mapToInt(Usage::promptTokens).sum();
        int cached =
                ends.stream().map(Finish::usage).mapToInt(Usage::cachedTokens).sum();
        int generated = ends.stream()
                .map(Finish::usage)
                .mapToInt(Usage::completionTokens)
                .sum();
        assertThat(cached).as("the same prompt came again").isPositive();
        assertThat(scrape.value("kvant_prompt_tokens_total", "model", "demo", "source", "cached"))
                .isEqualTo(cached);
        assertThat(scrape.value("kvant_prompt_tokens_total", "model", "demo", "source", "computed"))
                .isEqualTo(prompt - cached);
        assertThat(scrape.value("kvant_generated_tokens_total", DEMO)).isEqualTo(generated);
        assertThat(scrape.value("kvant_time_between_tokens_seconds_count", DEMO))
                .isEqualTo(generated - ends.size());
        for (Metric metric : List.of(Metric.TIME_TO_FIRST_TOKEN, Metric.QUEUE, Metric.PREFILL, Metric.END_TO_END)) {
            assertThat(scrape.value(metric.exposedName() + "_count", DEMO))
                    .as(metric.exposedName())
                    .isEqualTo(ends.size());
        }
        for (FinishReason reason : FinishReason.values()) {
            assertThat(scrape.value("kvant_requests_total", "model", "demo", "outcome", LabelValue.of(reason)))
                    .as(reason.toString())
                    .isEqualTo(
                            ends.stream().filter(end -> end.reason() == reason).count());
        }
        assertThat(scrape.value("kvant_requests_rejected_total", "model", "demo", "reason", "empty_prompt"))
                .isEqualTo(1);
        assertSum(
                scrape,
                Metric.END_TO_END,
                ends.stream().mapToLong(end -> end.timings().totalNanos()).sum());
        assertSum(
                scrape,
                Metric.QUEUE,
                ends.stream().mapToLong(end -> end.timings().queueNanos()).sum());
        assertSum(
                scrape,
                Metric.PREFILL,
                ends.stream().mapToLong(end -> end.timings().prefillNanos()).sum());
        // One token of each running sequence, or a chunk of a prompt: every token was in exactly one batch, but for the
        // last of a request.
        assertThat(scrape.value("kvant_decode_batch_tokens_sum", DEMO))
                .isEqualTo(prompt - cached + generated - ends.size());
    }

    @Test
    void memoryIsWhatTheEngineSays() throws Exception {
        submit("Warm", 2).finish.get(1, TimeUnit.MINUTES);
        EngineSnapshot snapshot = engine.snapshot();
        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());

        assertThat(snapshot.kvBytesK()).isPositive().isLessThan(snapshot.kvBytesV());
        assertThat(scrape.value("kvant_kv_reserved_bytes", "model", "demo", "part", "k", "type", "q8_0"))
                .isEqualTo(snapshot.kvBytesK());
        assertThat(scrape.value("kvant_kv_reserved_bytes", "model", "demo", "part", "v", "type", "f16"))
                .isEqualTo(snapshot.kvBytesV());
        assertThat(scrape.value("kvant_kv_used_cells", "model", "demo", "use", "running"))
                .isZero();
        assertThat(scrape.value("kvant_kv_used_cells", "model", "demo", "use", "cached"))
                .isEqualTo(snapshot.kvCellsUsed())
                .isPositive();
        assertThat(scrape.value("kvant_kv_cells", DEMO)).isEqualTo(1024);
        assertThat(scrape.value("kvant_sequences", DEMO)).isEqualTo(2);
        assertThat(scrape.value("kvant_weight_bytes", DEMO)).isBetween(1e5, 1e8);
        assertThat(scrape.value("kvant_compute_buffer_bytes", DEMO)).isPositive();
        assertThat(scrape.value("kvant_engine_state", "model", "demo", "state", "ready"))
                .isEqualTo(1);
    }

    private Collector submit(String prompt, int maxTokens) throws Exception {
        Collector client = new Collector();
        engine.submit(request(prompt, maxTokens), client);
        return client;
    }

    private GenerationRequest request(String prompt, int maxTokens) {
        return GenerationRequest.builder(prompt, engine.tokenizer().tokenizePrompt(prompt))
                .maxTokens(maxTokens)
                .ignoreEos(true)
                .build();
    }

    private static void assertSum(ParsedScrape scrape, Metric metric, double nanos) {
        assertThat(scrape.value(metric.exposedName() + "_sum", DEMO))
                .as(metric.exposedName())
                .isCloseTo(nanos / 1e9, org.assertj.core.data.Percentage.withPercentage(2));
    }
}
