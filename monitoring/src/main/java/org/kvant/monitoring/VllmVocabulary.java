package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kvant.engine.request.Outcome;

/**
 * vLLM's names, labels and meanings ({@code vllm/v1/metrics/loggers.py}), so that its dashboards, autoscalers and the endpoint picker of the
 * Kubernetes Gateway API Inference Extension (its Model Server Protocol) work with this server. Bucket bounds are ours. What vLLM has renamed
 * is there under both names.
 */
final class VllmVocabulary {
    /**
     * vLLM manages its cache in blocks and we in cells; the endpoint picker reckons with blocks of this many tokens, vLLM's default.
     */
    private static final int BLOCK_TOKENS = 16;

    /** vLLM's words for the ends of a request. */
    private static final Map<String, List<Outcome>> FINISHED_REASONS = new TreeMap<>(Map.of(
            "stop", List.of(Outcome.STOP),
            "length", List.of(Outcome.LENGTH),
            "abort", List.of(Outcome.CANCELLED, Outcome.TIMEOUT),
            "error", List.of(Outcome.ERROR)));

    private VllmVocabulary() {}

    static List<Translation> translations() {
        Translations all = new Translations(
                "vllm:", (model, index) -> Labels.of("model_name", model, "engine", Integer.toString(index)));
        latencies(all);
        sizes(all);
        tokens(all);
        state(all);
        configuration(all);
        return all.toList();
    }

    private static void latencies(Translations all) {
        all.histogram("time_to_first_token_seconds", Metric.TIME_TO_FIRST_TOKEN)
                .histogram("inter_token_latency_seconds", Metric.TIME_BETWEEN_TOKENS)
                .histogram(
                        "time_per_output_token_seconds",
                        Metric.TIME_BETWEEN_TOKENS,
                        "Older name of vllm:inter_token_latency_seconds.")
                .histogram("e2e_request_latency_seconds", Metric.END_TO_END)
                .histogram("request_queue_time_seconds", Metric.QUEUE)
                .histogram("request_prefill_time_seconds", Metric.PREFILL)
                .histogram("request_decode_time_seconds", Metric.DECODE)
                .histogram("request_time_per_output_token_seconds", Metric.TIME_PER_OUTPUT_TOKEN);
    }

    private static void sizes(Translations all) {
        all.histogram("request_prompt_tokens", Metric.REQUEST_PROMPT_TOKENS)
                .histogram("request_generation_tokens", Metric.REQUEST_GENERATED_TOKENS)
                .histogram(
                        "request_max_num_generation_tokens",
                        Metric.REQUEST_GENERATED_TOKENS,
                        "Longest completion of a request; here each request has one.")
                .histogram("iteration_tokens_total", Metric.DECODE_BATCH);
    }

    private static void tokens(Translations all) {
        all.counter("prompt_tokens_total", "Prompt tokens, including cached ones.", VllmVocabulary::promptTokens)
                .counter(
                        "prompt_tokens_cached_total", "Prompt tokens found in the cache.", VllmVocabulary::cachedTokens)
                .add(
                        "prompt_tokens_by_source_total",
                        MetricType.COUNTER,
                        "Prompt tokens by source.",
                        (reading, model, own) -> List.of(
                                new Translation.Value(
                                        own.merge(Labels.of("source", "local_compute")),
                                        reading.sum(Metric.PROMPT_TOKENS, model, Label.SOURCE, "computed")),
                                new Translation.Value(
                                        own.merge(Labels.of("source", "local_cache_hit")),
                                        cachedTokens(reading, model))))
                .counter(
                        "prefix_cache_queries_total",
                        "Prompt tokens looked up in the cache.",
                        VllmVocabulary::promptTokens)
                .counter("prefix_cache_hits_total", "Prompt tokens found in the cache.", VllmVocabulary::cachedTokens)
                .counter(
                        "external_prefix_cache_queries_total",
                        Metric.PROMPT_CACHE_QUERIED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.PROMPT_CACHE_QUERIED_TOKENS, model))
                .counter(
                        "external_prefix_cache_hits_total",
                        Metric.PROMPT_CACHE_RESTORED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.PROMPT_CACHE_RESTORED_TOKENS, model))
                .counter(
                        "generation_tokens_total",
                        Metric.GENERATED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.GENERATED_TOKENS, model))
                .counter(
                        "spec_decode_num_drafts_total",
                        Metric.DRAFTS.help(),
                        (reading, model) -> reading.sum(Metric.DRAFTS, model))
                .counter(
                        "spec_decode_num_draft_tokens_total",
                        Metric.DRAFTED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.DRAFTED_TOKENS, model))
                .counter(
                        "spec_decode_num_accepted_tokens_total",
                        Metric.ACCEPTED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.ACCEPTED_TOKENS, model))
                .counterBy("spec_decode_num_accepted_tokens_per_pos_total", Metric.ACCEPTED_AT_POSITION, Label.POSITION)
                .counter(
                        "num_preemptions_total",
                        Metric.PREEMPTIONS.help(),
                        (reading, model) -> reading.sum(Metric.PREEMPTIONS, model))
                .add(
                        "request_success_total",
                        MetricType.COUNTER,
                        "Requests that have ended, by reason.",
                        (reading, model, own) -> FINISHED_REASONS.entrySet().stream()
                                .<Translation.Point>map(reason -> new Translation.Value(
                                        own.merge(Labels.of("finished_reason", reason.getKey())),
                                        reason.getValue().stream()
                                                .mapToDouble(outcome -> reading.sum(
                                                        Metric.REQUESTS, model, Label.OUTCOME, LabelValue.of(outcome)))
                                                .sum()))
                                .toList());
    }

    private static void state(Translations all) {
        all.gauge(
                        "num_requests_running",
                        Metric.REQUESTS_RUNNING.help(),
                        (reading, model) -> reading.sum(Metric.REQUESTS_RUNNING, model))
                .gauge(
                        "num_requests_waiting",
                        Metric.REQUESTS_WAITING.help(),
                        (reading, model) -> reading.sum(Metric.REQUESTS_WAITING, model))
                .gauge(
                        "kv_cache_usage_perc",
                        "Share of the KV cache that running requests hold, 0 to 1.",
                        Ratios::kvRunning)
                .gauge("gpu_cache_usage_perc", "Older name of vllm:kv_cache_usage_perc.", Ratios::kvRunning);
    }

    private static void configuration(Translations all) {
        all.add(
                        "cache_config_info",
                        MetricType.INFO,
                        "Size and type of the KV cache.",
                        (reading, model, own) -> List.of(new Translation.Value(
                                Labels.of(
                                        "engine",
                                        own.get("engine"),
                                        "block_size",
                                        Integer.toString(BLOCK_TOKENS),
                                        "num_gpu_blocks",
                                        Long.toString((long) reading.sum(Metric.KV_CELLS, model) / BLOCK_TOKENS),
                                        "cache_dtype",
                                        String.join(",", reading.values(Metric.KV_RESERVED_BYTES, model, Label.TYPE)),
                                        "enable_prefix_caching",
                                        "True",
                                        "kv_cache_size_tokens",
                                        Long.toString((long) reading.sum(Metric.KV_CELLS, model)),
                                        "kv_cache_memory_bytes",
                                        Long.toString((long) reading.sum(Metric.KV_RESERVED_BYTES, model))),
                                1)))
                .add(
                        "lora_requests_info",
                        MetricType.GAUGE,
                        "Adapters, of which this server has none; the value is the time of the scrape.",
                        reading -> List.of(new Translation.Value(
                                Labels.of("max_lora", "0", "running_lora_adapters", "", "waiting_lora_adapters", ""),
                                System.currentTimeMillis() / 1e3)));
    }

    private static double promptTokens(Reading reading, String model) {
        return reading.sum(Metric.PROMPT_TOKENS, model);
    }

    private static double cachedTokens(Reading reading, String model) {
        return reading.sum(Metric.PROMPT_TOKENS, model, Label.SOURCE, "cached");
    }
}
