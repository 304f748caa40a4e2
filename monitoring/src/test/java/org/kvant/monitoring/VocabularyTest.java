package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.promptstore.PromptStoreFigures;

class VocabularyTest {
    private static final String[] VLLM = {"model_name", "m", "engine", "0"};
    private static final String[] LLAMA = {"model", "m"};

    private static ParsedScrape scrape(Set<Vocabulary> vocabularies) {
        try (Monitoring monitoring = used(vocabularies)) {
            return ParsedScrape.parse(monitoring.scrape());
        }
    }

    /** Two requests: 12 prompt tokens with 4 of them cached and 3 generated; 20 prompt tokens, given up in the queue. */
    private static Monitoring used(Set<Vocabulary> vocabularies) {
        Monitoring monitoring = new Monitoring(new BuildInfo("1", "2", "3"), vocabularies);
        EngineMetrics metrics = monitoring.engine("m");
        metrics.watch(() -> new EngineSnapshot(
                EngineState.READY,
                2,
                3,
                1,
                5,
                4,
                256,
                128,
                0,
                0,
                1024,
                4096,
                8192,
                "q8_0",
                "f16",
                1_000_000,
                2_000,
                ModelMemory.NONE,
                ModelMemory.NONE,
                0,
                new PromptStoreFigures(0, 0, 0, 0, 0, 0, 0, 70, 60, 0, 0, 0, 0, 0, 0, 0, 0)));
        metrics.requestStarted("1", 30_000_000);
        metrics.decodeStep(8, 8, 1, 180_000_000);
        metrics.decodeStep(2, 0, 2, 20_000_000);
        metrics.requestPreempted("2");
        metrics.prefillFinished("1", 200_000_000, 12, 4);
        metrics.firstToken("1", 231_000_000);
        metrics.token("1", 10_000_000);
        metrics.token("1", 30_000_000);
        metrics.requestFinished("1", Outcome.LENGTH, new Usage(12, 4, 3), new Timings(0, 0, 60_000_000, 300_000_000));
        metrics.requestFinished("2", Outcome.CANCELLED, new Usage(20, 0, 0), new Timings(50_000_000, 0, 0, 50_000_000));
        metrics.requestFinished("3", Outcome.TIMEOUT, new Usage(0, 0, 0), new Timings(0, 0, 0, 0));
        metrics.speculated("1", 8, 5);
        return monitoring;
    }

    @Test
    void vllm() {
        ParsedScrape scrape = scrape(EnumSet.of(Vocabulary.VLLM));

        assertGauge(scrape, "vllm:num_requests_running", 3, VLLM);
        assertGauge(scrape, "vllm:num_requests_waiting", 5, VLLM);
        assertGauge(scrape, "vllm:kv_cache_usage_perc", 0.125, VLLM);
        assertGauge(scrape, "vllm:gpu_cache_usage_perc", 0.125, VLLM);
        assertCounter(scrape, "vllm:prompt_tokens_total", 12, VLLM);
        assertCounter(scrape, "vllm:prompt_tokens_cached_total", 4, VLLM);
        assertCounter(scrape, "vllm:prefix_cache_queries_total", 12, VLLM);
        assertCounter(scrape, "vllm:prefix_cache_hits_total", 4, VLLM);
        assertCounter(scrape, "vllm:external_prefix_cache_queries_total", 70, VLLM);
        assertCounter(scrape, "vllm:external_prefix_cache_hits_total", 60, VLLM);
        assertCounter(scrape, "vllm:generation_tokens_total", 3, VLLM);
        assertCounter(scrape, "vllm:prompt_tokens_by_source_total", 8, with(VLLM, "source", "local_compute"));
        assertCounter(scrape, "vllm:prompt_tokens_by_source_total", 4, with(VLLM, "source", "local_cache_hit"));
        assertCounter(scrape, "vllm:request_success_total", 1, with(VLLM, "finished_reason", "length"));
        assertCounter(scrape, "vllm:request_success_total", 2, with(VLLM, "finished_reason", "abort"));
        assertCounter(scrape, "vllm:spec_decode_num_drafts_total", 1, VLLM);
        assertCounter(scrape, "vllm:spec_decode_num_draft_tokens_total", 8, VLLM);
        assertCounter(scrape, "vllm:spec_decode_num_accepted_tokens_total", 5, VLLM);
        assertCounter(scrape, "vllm:spec_decode_num_accepted_tokens_per_pos_total", 1, with(VLLM, "position", "4"));
        assertCounter(scrape, "vllm:spec_decode_num_accepted_tokens_per_pos_total", 0, with(VLLM, "position", "5"));
        assertCounter(scrape, "vllm:request_success_total", 0, with(VLLM, "finished_reason", "stop"));
        assertCounter(scrape, "vllm:request_success_total", 0, with(VLLM, "finished_reason", "error"));
        assertHistogram(scrape, "vllm:time_to_first_token_seconds", 1, 0.231);
        assertHistogram(scrape, "vllm:inter_token_latency_seconds", 2, 0.04);
        assertHistogram(scrape, "vllm:time_per_output_token_seconds", 2, 0.04);
        assertHistogram(scrape, "vllm:e2e_request_latency_seconds", 3, 0.35);
        assertHistogram(scrape, "vllm:request_queue_time_seconds", 1, 0.03);
        assertHistogram(scrape, "vllm:request_prefill_time_seconds", 1, 0.2);
        assertHistogram(scrape, "vllm:request_prompt_tokens", 3, 32);
        assertHistogram(scrape, "vllm:request_generation_tokens", 3, 3);
        assertHistogram(scrape, "vllm:request_max_num_generation_tokens", 3, 3);
        assertHistogram(scrape, "vllm:iteration_tokens_total", 2, 10);
        assertHistogram(scrape, "vllm:request_decode_time_seconds", 1, 0.06);
        assertHistogram(scrape, "vllm:request_time_per_output_token_seconds", 1, 0.03);
        assertCounter(scrape, "vllm:num_preemptions_total", 1, VLLM);
        // What the endpoint picker reads: capacity in blocks, and adapters with the time as the value.
        assertGauge(
                scrape,
                "vllm:cache_config_info",
                1,
                "engine",
                "0",
                "block_size",
                "16",
                "num_gpu_blocks",
                "64",
                "cache_dtype",
                "f16,q8_0",
                "enable_prefix_caching",
                "True",
                "kv_cache_size_tokens",
                "1024",
                "kv_cache_memory_bytes",
                "12288");
        assertThat(scrape.value(
                        "vllm:lora_requests_info",
                        "max_lora",
                        "0",
                        "running_lora_adapters",
                        "",
                        "waiting_lora_adapters",
                        ""))
                .isBetween(1.7e9, 1e11);
        assertThat(scrape.families().keySet()).allMatch(name -> name.startsWith("vllm:"));
    }

    @Test
    void llamaServer() {
        ParsedScrape scrape = scrape(EnumSet.of(Vocabulary.LLAMA_SERVER));

        assertCounter(scrape, "llamacpp:prompt_tokens_total", 8, LLAMA);
        assertCounter(scrape, "llamacpp:prompt_tokens_cached_total", 4, LLAMA);
        assertCounter(scrape, "llamacpp:prompt_seconds_total", 0.2, LLAMA);
        assertCounter(scrape, "llamacpp:tokens_predicted_total", 3, LLAMA);
        assertCounter(scrape, "llamacpp:n_decode_total", 2, LLAMA);
        assertCounter(scrape, "llamacpp:spec_decode_num_drafts_total", 1, LLAMA);
        assertCounter(scrape, "llamacpp:spec_decode_num_draft_tokens_total", 8, LLAMA);
        assertCounter(scrape, "llamacpp:spec_decode_num_accepted_tokens_total", 5, LLAMA);
        assertCounter(
                scrape, "llamacpp:spec_decode_num_accepted_tokens_per_pos_total", 1, with(LLAMA, "position", "0"));
        assertGauge(scrape, "llamacpp:n_tokens_max", 20, LLAMA);
        assertGauge(scrape, "llamacpp:prompt_tokens_seconds", 40, LLAMA);
        assertCounter(scrape, "llamacpp:tokens_predicted_seconds_total", 0.06, LLAMA);
        assertGauge(scrape, "llamacpp:predicted_tokens_seconds", 50, LLAMA);
        assertGauge(scrape, "llamacpp:n_busy_slots_per_decode", 1.5, LLAMA);
        assertGauge(scrape, "llamacpp:requests_processing", 3, LLAMA);
        assertGauge(scrape, "llamacpp:requests_deferred", 5, LLAMA);
        assertGauge(scrape, "llamacpp:kv_cache_usage_ratio", 0.25, LLAMA);
        assertGauge(scrape, "llamacpp:kv_cache_tokens", 256, LLAMA);
        assertThat(scrape.families().keySet()).allMatch(name -> name.startsWith("llamacpp:"));
    }

    /** llama-server's averages start over at each scrape, so that two scrapers spoil each other's. */
    @Test
    void aScrapeChangesNothing() {
        try (Monitoring monitoring = used(EnumSet.of(Vocabulary.LLAMA_SERVER))) {
            assertThat(monitoring.scrape()).isEqualTo(monitoring.scrape());
        }
    }

    @Test
    void allAtATimeAndNoneMissing() {
        ParsedScrape scrape = scrape(EnumSet.allOf(Vocabulary.class));

        assertThat(scrape.families().keySet())
                .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                Stream.of(Metric.values()).map(Metric::exposedName),
                                Stream.of(Vocabulary.values())
                                        .flatMap(vocabulary -> vocabulary.translations().stream())
                                        .map(Translation::name))
                        .toList());
    }

    @ParameterizedTest
    @EnumSource(Vocabulary.class)
    void prometheusReadsIt(Vocabulary vocabulary) throws Exception {
        try (Monitoring monitoring = used(EnumSet.of(vocabulary))) {
            Promtool.Result result = Promtool.run(monitoring.scrape(), "check", "metrics");
            // 3: it parses, and the linter frowns upon the others' names, which aren't ours to mend.
            assertThat(result.exit()).as(result.output()).isEqualTo(vocabulary == Vocabulary.KVANT ? 0 : 3);
        }
    }

    @ParameterizedTest
    @EnumSource(Vocabulary.class)
    void aServerWithoutAModelCanBeScraped(Vocabulary vocabulary) throws Exception {
        try (Monitoring monitoring = new Monitoring(new BuildInfo("1", "2", "3"), EnumSet.of(vocabulary))) {
            assertThat(ParsedScrape.parse(monitoring.scrape()).families().values())
                    .allSatisfy(family -> assertThat(family.samples()).isNotEmpty());
        }
    }

    @Test
    void modelsAreTold() {
        try (Monitoring monitoring = new Monitoring(new BuildInfo("1", "2", "3"), EnumSet.of(Vocabulary.VLLM))) {
            monitoring.engine("b").firstToken("1", 1_000_000_000);
            monitoring.engine("a");
            ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());

            String count = "vllm:time_to_first_token_seconds_count";
            assertThat(scrape.value(count, "model_name", "a", "engine", "0")).isZero();
            assertThat(scrape.value(count, "model_name", "b", "engine", "1")).isEqualTo(1);
        }
    }

    @Test
    void listsAreParsed() {
        assertThat(Vocabulary.parse("kvant")).containsExactly(Vocabulary.KVANT);
        assertThat(Vocabulary.parse("vllm, llama-server"))
                .containsExactlyInAnyOrder(Vocabulary.VLLM, Vocabulary.LLAMA_SERVER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "vllm,", "tgi", "kvant vllm"})
    void otherListsAreRefused(String list) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Vocabulary.parse(list))
                .withMessageContaining("kvant, vllm, llama-server");
    }

    private static String[] with(String[] labels, String... more) {
        return Stream.concat(Stream.of(labels), Stream.of(more)).toArray(String[]::new);
    }

    private static void assertGauge(ParsedScrape scrape, String name, double value, String... labels) {
        assertThat(scrape.family(name).type()).as(name).isEqualTo("gauge");
        assertThat(scrape.value(name, labels)).as(name).isEqualTo(value);
    }

    private static void assertCounter(ParsedScrape scrape, String name, double value, String... labels) {
        assertThat(scrape.family(name).type()).as(name).isEqualTo("counter");
        assertThat(scrape.value(name, labels)).as(name + List.of(labels)).isEqualTo(value);
    }

    private static void assertHistogram(ParsedScrape scrape, String name, double count, double sum) {
        assertThat(scrape.family(name).type()).as(name).isEqualTo("histogram");
        assertThat(scrape.value(name + "_count", VLLM)).as(name).isEqualTo(count);
        assertThat(scrape.value(name + "_bucket", with(VLLM, "le", "+Inf")))
                .as(name)
                .isEqualTo(count);
        assertThat(scrape.value(name + "_sum", VLLM))
                .as(name)
                .isCloseTo(sum, org.assertj.core.data.Offset.offset(1e-9));
    }
}
