package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.promptstore.PromptStoreFigures;

class EngineMetricsTest {
    private static final String MODEL = "tiny \"quoted\" \\ model";
    private static final String ESCAPED = "tiny \\\"quoted\\\" \\\\ model";
    private static final EngineSnapshot LOADING = new EngineSnapshot(
            EngineState.LOADING,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            "",
            "",
            0,
            0,
            ModelMemory.NONE,
            ModelMemory.NONE,
            0,
            PromptStoreFigures.NONE);
    private static final EngineSnapshot BUSY = new EngineSnapshot(
            EngineState.READY,
            2,
            3,
            1,
            5,
            4,
            256,
            192,
            128,
            77,
            1024,
            4096,
            8192,
            "q8_0",
            "f16",
            1_000_000,
            2_000,
            new ModelMemory(11, 12, 13, 14),
            new ModelMemory(0, 15, 16, 17),
            15,
            new PromptStoreFigures(21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37));

    private final Monitoring monitoring = new Monitoring(new BuildInfo("1.2.3", "0.5.0", "25"));

    @AfterEach
    void close() {
        monitoring.close();
    }

    @Test
    void anIdleServerExposesTheWholeCatalogueAndNothingElse() {
        EngineMetrics metrics = monitoring.engine(MODEL);
        metrics.watch(() -> BUSY);

        assertCatalogue(ParsedScrape.parse(monitoring.scrape()));
    }

    @Test
    void everyCounterAndHistogramStartsAtZero() {
        monitoring.engine(MODEL);

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        for (Metric metric : Metric.values()) {
            if (metric.perModel() && metric.type() != MetricType.GAUGE && !fromSnapshot(metric)) {
                assertThat(scrape.family(metric.exposedName()).samples())
                        .as(metric.exposedName())
                        .isNotEmpty()
                        .allSatisfy(sample -> assertThat(sample.value()).isZero());
            }
        }
    }

    /** Comes with {@link EngineMetrics#watch}, which follows at once. */
    private static boolean fromSnapshot(Metric metric) {
        return metric == Metric.KV_EVICTED_CELLS || metric.exposedName().startsWith("kvant_prompt_cache_");
    }

    @Test
    void eventsArriveInTheirMetrics() {
        EngineMetrics metrics = monitoring.engine(MODEL);
        metrics.requestQueued("1");
        metrics.requestStarted("1", 30_000_000);
        metrics.decodeStep(12, 12, 1, 4_000_000);
        metrics.schedulerStep(4_500_000);
        metrics.requestPreempted("1");
        metrics.decodeFailed(new IllegalStateException());
        metrics.speculated("1", 8, 5);
        metrics.speculated("1", 2, 0);
        metrics.prefillFinished("1", 200_000_000, 12, 4);
        metrics.firstToken("1", 231_000_000);
        metrics.token("1", 9_500_000);
        metrics.token("1", 50_000_000);
        metrics.requestFinished(
                "1",
                Outcome.LENGTH,
                new Usage(12, 4, 3),
                new Timings(30_000_000, 200_000_000, 69_000_000, 300_000_000));

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        assertHistogram(scrape, Metric.QUEUE, 1, 0.03);
        assertHistogram(scrape, Metric.DECODE_STEP, 1, 0.004);
        assertHistogram(scrape, Metric.PREFILL, 1, 0.2);
        assertHistogram(scrape, Metric.TIME_TO_FIRST_TOKEN, 1, 0.231);
        assertHistogram(scrape, Metric.TIME_BETWEEN_TOKENS, 2, 0.0595);
        assertHistogram(scrape, Metric.END_TO_END, 1, 0.3);
        assertHistogram(scrape, Metric.DECODE, 1, 0.069);
        assertHistogram(scrape, Metric.TIME_PER_OUTPUT_TOKEN, 1, 0.0345);
        assertHistogram(scrape, Metric.SCHEDULER_STEP, 1, 0.0045);
        assertHistogram(scrape, Metric.DECODE_BATCH_SEQUENCES, 1, 1);
        assertThat(value(scrape, Metric.PREEMPTIONS)).isEqualTo(1);
        assertThat(value(scrape, Metric.DECODE_FAILURES)).isEqualTo(1);
        assertThat(value(scrape, Metric.DRAFTS)).isEqualTo(2);
        assertThat(value(scrape, Metric.DRAFTED_TOKENS)).isEqualTo(10);
        assertThat(value(scrape, Metric.ACCEPTED_TOKENS)).isEqualTo(5);
        assertThat(value(scrape, Metric.ACCEPTED_AT_POSITION, "position", "0")).isEqualTo(1);
        assertThat(value(scrape, Metric.ACCEPTED_AT_POSITION, "position", "4")).isEqualTo(1);
        assertThat(value(scrape, Metric.ACCEPTED_AT_POSITION, "position", "5")).isZero();
        assertThat(scrape.family(Metric.ACCEPTED_AT_POSITION.exposedName()).samples().stream()
                        .mapToDouble(ParsedScrape.Sample::value)
                        .sum())
                .isEqualTo(5);
        assertHistogram(scrape, Metric.DECODE_BATCH, 1, 12);
        assertHistogram(scrape, Metric.REQUEST_PROMPT_TOKENS, 1, 12);
        assertHistogram(scrape, Metric.REQUEST_GENERATED_TOKENS, 1, 3);
        assertThat(value(scrape, Metric.LONGEST_SEQUENCE)).isEqualTo(15);
        assertThat(bucket(scrape, Metric.TIME_BETWEEN_TOKENS, "0.009")).isZero();
        assertThat(bucket(scrape, Metric.TIME_BETWEEN_TOKENS, "0.01")).isEqualTo(1);
        assertThat(bucket(scrape, Metric.TIME_BETWEEN_TOKENS, "0.05"))
                .as("a bound is inside")
                .isEqualTo(2);
        assertThat(value(scrape, Metric.PROMPT_TOKENS, "source", "computed")).isEqualTo(8);
        assertThat(value(scrape, Metric.PROMPT_TOKENS, "source", "cached")).isEqualTo(4);
        assertThat(value(scrape, Metric.GENERATED_TOKENS)).isEqualTo(3);
        assertThat(value(scrape, Metric.REQUESTS, "outcome", "length")).isEqualTo(1);
        assertThat(value(scrape, Metric.REQUESTS, "outcome", "stop")).isZero();
    }

    @Test
    void everyOutcomeAndRefusalIsCountedOnce() {
        EngineMetrics metrics = monitoring.engine(MODEL);
        for (Outcome outcome : Outcome.values()) {
            metrics.requestFinished("1", outcome, new Usage(1, 0, 0), new Timings(0, 0, 0, 1));
        }
        metrics.requestRejected("2", new IllegalStateException("something new"));

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        assertThat(scrape.family(Metric.REQUESTS.exposedName()).samples())
                .hasSize(5)
                .allSatisfy(sample -> assertThat(sample.value()).isEqualTo(1));
        assertThat(value(scrape, Metric.REQUESTS_REJECTED, "reason", "other")).isEqualTo(1);
        assertThat(value(scrape, Metric.REQUESTS_REJECTED, "reason", "queue_full"))
                .isZero();
        assertHistogram(scrape, Metric.END_TO_END, 5, 5e-9);
    }

    @Test
    void gaugesFollowTheEngine() {
        EngineMetrics metrics = monitoring.engine(MODEL);
        EngineSnapshot[] current = {LOADING};
        metrics.watch(() -> current[0]);

        ParsedScrape loading = ParsedScrape.parse(monitoring.scrape());
        assertThat(value(loading, Metric.ENGINE_STATE, "state", "loading")).isEqualTo(1);
        assertThat(value(loading, Metric.WEIGHT_BYTES)).isZero();
        assertThat(loading.families()).doesNotContainKey(Metric.KV_RESERVED_BYTES.exposedName());

        current[0] = BUSY;
        ParsedScrape busy = ParsedScrape.parse(monitoring.scrape());
        assertThat(value(busy, Metric.ENGINE_STATE, "state", "loading")).isZero();
        assertThat(value(busy, Metric.ENGINE_STATE, "state", "ready")).isEqualTo(1);
        assertThat(value(busy, Metric.REQUESTS_RUNNING)).isEqualTo(3);
        assertThat(value(busy, Metric.REQUESTS_PAUSED)).isEqualTo(1);
        assertThat(value(busy, Metric.REQUESTS_WAITING)).isEqualTo(5);
        assertThat(value(busy, Metric.SEQUENCES)).isEqualTo(4);
        assertThat(value(busy, Metric.KV_CELLS_USED, "use", "running")).isEqualTo(192);
        assertThat(value(busy, Metric.KV_CELLS_USED, "use", "cached")).isEqualTo(64);
        assertThat(value(busy, Metric.KV_EVICTED_CELLS)).isEqualTo(77);
        assertThat(value(busy, Metric.KV_CELLS)).isEqualTo(1024);
        assertThat(value(busy, Metric.KV_RESERVED_BYTES, "part", "k", "type", "q8_0"))
                .isEqualTo(4096);
        assertThat(value(busy, Metric.KV_RESERVED_BYTES, "part", "v", "type", "f16"))
                .isEqualTo(8192);
        assertThat(value(busy, Metric.KV_USED_BYTES, "part", "k", "type", "q8_0"))
                .isEqualTo(1024);
        assertThat(value(busy, Metric.KV_USED_BYTES, "part", "v", "type", "f16"))
                .isEqualTo(2048);
        assertThat(value(busy, Metric.WEIGHT_BYTES)).isEqualTo(1_000_000);
        assertThat(value(busy, Metric.COMPUTE_BUFFER_BYTES)).isEqualTo(2_000);
        assertThat(value(busy, Metric.KV_SHARED_CELLS)).isEqualTo(128);
        assertThat(value(busy, Metric.KV_SHARED_BYTES, "part", "k", "type", "q8_0"))
                .isEqualTo(512);
        assertThat(value(busy, Metric.KV_SHARED_BYTES, "part", "v", "type", "f16"))
                .isEqualTo(1024);
        assertThat(value(busy, Metric.PROMPT_SCRATCH_BYTES, "part", "kv_k")).isEqualTo(15);
        assertThat(value(busy, Metric.PROMPT_SCRATCH_BYTES, "part", "kv_v")).isEqualTo(16);
        assertThat(value(busy, Metric.PROMPT_SCRATCH_BYTES, "part", "compute_buffers"))
                .isEqualTo(17);
        assertThat(value(busy, Metric.DRAFT_MODEL_BYTES, "part", "weights")).isEqualTo(11);
        assertThat(value(busy, Metric.DRAFT_MODEL_BYTES, "part", "kv_k")).isEqualTo(12);
        assertThat(value(busy, Metric.DRAFT_MODEL_BYTES, "part", "kv_v")).isEqualTo(13);
        assertThat(value(busy, Metric.DRAFT_MODEL_BYTES, "part", "compute_buffers"))
                .isEqualTo(14);
        assertThat(value(busy, Metric.HOST_CACHE_BYTES, "cache", "token_texts")).isEqualTo(15);
        assertThat(value(busy, Metric.HOST_CACHE_BYTES, "cache", "stored_prompts"))
                .isEqualTo(24);
        assertThat(value(busy, Metric.HOST_CACHE_BYTES, "cache", "prompt_states"))
                .isEqualTo(25);
        assertThat(value(busy, Metric.PROMPT_CACHE_FILES)).isEqualTo(21);
        assertThat(value(busy, Metric.PROMPT_CACHE_BYTES)).isEqualTo(22);
        assertThat(value(busy, Metric.PROMPT_CACHE_LIMIT)).isEqualTo(23);
        assertThat(value(busy, Metric.PROMPT_CACHE_LOOKUPS, "result", "hit")).isEqualTo(26);
        assertThat(value(busy, Metric.PROMPT_CACHE_LOOKUPS, "result", "miss")).isEqualTo(27);
        assertThat(value(busy, Metric.PROMPT_CACHE_QUERIED_TOKENS)).isEqualTo(28);
        assertThat(value(busy, Metric.PROMPT_CACHE_RESTORED_TOKENS)).isEqualTo(29);
        assertThat(value(busy, Metric.PROMPT_CACHE_READ_BYTES)).isEqualTo(30);
        assertThat(value(busy, Metric.PROMPT_CACHE_WRITTEN_FILES)).isEqualTo(31);
        assertThat(value(busy, Metric.PROMPT_CACHE_WRITTEN_BYTES)).isEqualTo(32);
        assertThat(value(busy, Metric.PROMPT_CACHE_EVICTED_FILES)).isEqualTo(33);
        assertThat(value(busy, Metric.PROMPT_CACHE_FAILURES, "reason", "read")).isEqualTo(34);
        assertThat(value(busy, Metric.PROMPT_CACHE_FAILURES, "reason", "write")).isEqualTo(35);
        assertThat(value(busy, Metric.PROMPT_CACHE_FAILURES, "reason", "restore"))
                .isEqualTo(36);
        assertThat(value(busy, Metric.PROMPT_CACHE_FAILURES, "reason", "skip")).isEqualTo(37);
        assertThatIllegalStateException()
                .isThrownBy(() -> metrics.watch(() -> BUSY))
                .withMessageContaining("tiny");
    }

    @Test
    void modelsStandSideBySideAndGoAgain() {
        EngineMetrics first = monitoring.engine("first");
        EngineMetrics second = monitoring.engine("second");
        first.watch(() -> BUSY);
        second.watch(() -> LOADING);
        first.firstToken("1", 1_000_000);

        ParsedScrape both = ParsedScrape.parse(monitoring.scrape());
        String count = Metric.TIME_TO_FIRST_TOKEN.exposedName() + "_count";
        assertThat(both.value(count, "model", "first")).isEqualTo(1);
        assertThat(both.value(count, "model", "second")).isZero();

        first.close();
        assertThat(monitoring.scrape()).contains("model=\"second\"").doesNotContain("model=\"first\"");
        second.close();
        assertThat(ParsedScrape.parse(monitoring.scrape()).families().keySet())
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Metric.values())
                        .filter(metric -> !metric.perModel())
                        .map(Metric::exposedName)
                        .toList());
    }

    /** Micrometer holds what it reads weakly. */
    @Test
    void nothingIsLostToTheGarbageCollector() {
        EngineMetrics metrics = monitoring.engine(MODEL);
        metrics.watch(() -> BUSY);
        metrics.firstToken("1", 1);
        System.gc();
        metrics.token("1", 1);
        System.gc();

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        assertThat(value(scrape, Metric.GENERATED_TOKENS)).isEqualTo(2);
        assertThat(value(scrape, Metric.REQUESTS_RUNNING)).isEqualTo(3);
        assertThat(value(scrape, Metric.KV_EVICTED_CELLS)).isEqualTo(77);
        assertThat(value(scrape, Metric.PROMPT_CACHE_WRITTEN_FILES)).isEqualTo(31);
        assertThat(scrape.value("kvant_process_cpu_seconds_total")).isPositive();
        assertThat(scrape.value("kvant_java_gc_seconds_total")).isPositive();
        assertThat(scrape.value("kvant_uptime_seconds")).isPositive();
    }

    @Test
    void theProcessIsDescribed() {
        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());

        assertThat(scrape.value("kvant_build_info", "version", "1.2.3", "llama_cpp", "0.5.0", "java", "25"))
                .isEqualTo(1);
        assertThat(scrape.value("kvant_uptime_seconds")).isBetween(0.1, 1e5);
        assertThat(scrape.value("kvant_process_cpu_seconds_total")).isBetween(0.1, 1e5);
        assertThat(scrape.value("kvant_java_threads")).isBetween(2.0, 1e4);
        assertThat(scrape.value("kvant_java_heap_used_bytes"))
                .isBetween(1e5, scrape.value("kvant_java_heap_committed_bytes"));
        assertThat(scrape.value("kvant_java_heap_max_bytes"))
                .isEqualTo((double) Runtime.getRuntime().maxMemory());
        assertThat(scrape.value("kvant_java_direct_bytes")).isNotNegative();
        assertThat(scrape.family("kvant_resident_memory_bytes").samples().stream()
                        .mapToDouble(ParsedScrape.Sample::value)
                        .sum())
                .isGreaterThan(2e7);
    }

    /** Names, types, help, labels and bucket bounds; one family for each metric. */
    static void assertCatalogue(ParsedScrape scrape) {
        assertThat(scrape.families().keySet())
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Metric.values()).map(Metric::exposedName).toList());
        for (Metric metric : Metric.values()) {
            ParsedScrape.Family family = scrape.family(metric.exposedName());
            String type =
                    metric.type() == MetricType.INFO ? "gauge" : metric.type().label();
            assertThat(family.type()).as(metric.exposedName()).isEqualTo(type);
            assertThat(family.help()).as(metric.exposedName()).isEqualTo(metric.help());
            assertThat(family.samples()).as(metric.exposedName()).isNotEmpty();
            assertLabels(metric, family);
            if (metric.type() == MetricType.HISTOGRAM) {
                assertThat(family.samples().stream()
                                .filter(sample -> sample.name().endsWith("_bucket"))
                                .mapToDouble(sample ->
                                        Double.parseDouble(sample.label("le").replace("Inf", "Infinity")))
                                .filter(Double::isFinite)
                                .distinct())
                        .containsExactly(
                                Arrays.stream(metric.buckets().bounds()).boxed().toArray(Double[]::new));
            }
        }
    }

    private static void assertLabels(Metric metric, ParsedScrape.Family family) {
        Set<String> labels = metric.labels().stream().map(Label::label).collect(Collectors.toSet());
        for (ParsedScrape.Sample sample : family.samples()) {
            Set<String> found = new HashSet<>(sample.labels().keySet());
            found.remove("le");
            assertThat(found).as(metric.exposedName()).isEqualTo(labels);
        }
        for (Label label : metric.labels()) {
            if (!label.known().isEmpty()) {
                Set<String> values = new HashSet<>();
                family.samples().forEach(sample -> values.add(sample.label(label.label())));
                assertThat(values).as(metric.exposedName() + " " + label).isEqualTo(Set.copyOf(label.known()));
            }
        }
    }

    private static double value(ParsedScrape scrape, Metric metric, String... labels) {
        List<String> all = new java.util.ArrayList<>(List.of("model", ESCAPED));
        all.addAll(List.of(labels));
        return scrape.value(metric.exposedName(), all.toArray(String[]::new));
    }

    private static double bucket(ParsedScrape scrape, Metric metric, String bound) {
        return scrape.value(metric.exposedName() + "_bucket", "model", ESCAPED, "le", bound);
    }

    private static void assertHistogram(ParsedScrape scrape, Metric metric, double count, double sum) {
        assertThat(scrape.value(metric.exposedName() + "_count", "model", ESCAPED))
                .isEqualTo(count);
        assertThat(bucket(scrape, metric, "+Inf")).isEqualTo(count);
        assertThat(scrape.value(metric.exposedName() + "_sum", "model", ESCAPED))
                .isCloseTo(sum, org.assertj.core.data.Percentage.withPercentage(1e-6));
    }
}
