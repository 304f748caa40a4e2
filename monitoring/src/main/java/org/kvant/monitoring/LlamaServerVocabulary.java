package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;

/**
 * llama-server's names ({@code tools/server/server-task.cpp}, {@code to_metrics}) with right types: the largest sequence is a gauge, and the
 * averages are over the server's life rather than since somebody's last scrape. All have the label {@code model} in addition. The KV gauges are
 * those that llama-server once had.
 */
final class LlamaServerVocabulary {
    private LlamaServerVocabulary() {}

    static List<Translation> translations() {
        return new Translations("llamacpp:", (model, index) -> Labels.of(Label.MODEL.label(), model))
                .counter(
                        "prompt_tokens_total",
                        "Prompt tokens processed, without cached ones.",
                        LlamaServerVocabulary::computedTokens)
                .counter(
                        "prompt_tokens_cached_total",
                        "Prompt tokens found in the cache.",
                        (reading, model) -> reading.sum(Metric.PROMPT_TOKENS, model, Label.SOURCE, "cached"))
                .counter(
                        "prompt_seconds_total",
                        "Time spent on prompts.",
                        (reading, model) -> sum(reading, Metric.PREFILL, model))
                .counter(
                        "tokens_predicted_total",
                        Metric.GENERATED_TOKENS.help(),
                        (reading, model) -> reading.sum(Metric.GENERATED_TOKENS, model))
                .counter(
                        "tokens_predicted_seconds_total",
                        "Time spent generating after the first token.",
                        (reading, model) -> sum(reading, Metric.DECODE, model))
                .counter(
                        "n_decode_total",
                        "Calls of llama_decode.",
                        (reading, model) -> count(reading, Metric.DECODE_STEP, model))
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
                .gauge(
                        "n_tokens_max",
                        Metric.LONGEST_SEQUENCE.help(),
                        (reading, model) -> reading.sum(Metric.LONGEST_SEQUENCE, model))
                .gauge(
                        "prompt_tokens_seconds",
                        "Average prompt throughput since the start, in tokens per second of prefill.",
                        (reading, model) ->
                                Ratios.of(computedTokens(reading, model), sum(reading, Metric.PREFILL, model)))
                .gauge(
                        "predicted_tokens_seconds",
                        "Average speed of a stream since the start, in tokens per second.",
                        (reading, model) -> Ratios.of(
                                count(reading, Metric.TIME_BETWEEN_TOKENS, model),
                                sum(reading, Metric.TIME_BETWEEN_TOKENS, model)))
                .gauge(
                        "n_busy_slots_per_decode",
                        "Average number of sequences in one decode since the start.",
                        (reading, model) -> Ratios.of(
                                sum(reading, Metric.DECODE_BATCH_SEQUENCES, model),
                                count(reading, Metric.DECODE_BATCH_SEQUENCES, model)))
                .gauge(
                        "requests_processing",
                        Metric.REQUESTS_RUNNING.help(),
                        (reading, model) -> reading.sum(Metric.REQUESTS_RUNNING, model))
                .gauge(
                        "requests_deferred",
                        Metric.REQUESTS_WAITING.help(),
                        (reading, model) -> reading.sum(Metric.REQUESTS_WAITING, model))
                .gauge("kv_cache_usage_ratio", "Share of the KV cache that holds a token, 0 to 1.", Ratios::kvUsed)
                .gauge(
                        "kv_cache_tokens",
                        Metric.KV_CELLS_USED.help(),
                        (reading, model) -> reading.sum(Metric.KV_CELLS_USED, model))
                .toList();
    }

    private static double computedTokens(Reading reading, String model) {
        return reading.sum(Metric.PROMPT_TOKENS, model, Label.SOURCE, "computed");
    }

    private static double sum(Reading reading, Metric histogram, String model) {
        return reading.histogram(histogram, model).getSum();
    }

    private static double count(Reading reading, Metric histogram, String model) {
        ClassicHistogramBuckets buckets = reading.histogram(histogram, model).getClassicBuckets();
        double count = 0;
        for (int i = 0; i < buckets.size(); i++) {
            count += buckets.getCount(i);
        }
        return count;
    }
}
