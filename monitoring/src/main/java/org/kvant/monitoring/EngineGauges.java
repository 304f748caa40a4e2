package org.kvant.monitoring;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.promptstore.PromptStoreFigures;

/** One engine's gauges, read from its snapshot at each scrape. Not thread-safe. */
final class EngineGauges {
    private final String model;
    private final Meters meters;
    private final Supplier<EngineSnapshot> snapshots;
    /** Held here because the registry holds them weakly. */
    private final List<Supplier<Number>> counted = new ArrayList<>();

    private boolean cacheRegistered;

    EngineGauges(String model, Meters meters, Supplier<EngineSnapshot> snapshots) {
        this.model = model;
        this.meters = meters;
        this.snapshots = snapshots;
    }

    /** Registers everything whose labels are known before the model is loaded. */
    void register() {
        for (EngineState state : EngineState.values()) {
            meters.gauge(
                    Metric.ENGINE_STATE, () -> snapshots.get().state() == state ? 1 : 0, model, LabelValue.of(state));
        }
        gauge(Metric.REQUESTS_RUNNING, EngineSnapshot::running);
        gauge(Metric.REQUESTS_PAUSED, EngineSnapshot::paused);
        gauge(Metric.REQUESTS_WAITING, EngineSnapshot::waiting);
        gauge(Metric.SEQUENCES, EngineSnapshot::maxSequences);
        meters.gauge(Metric.KV_CELLS_USED, () -> snapshots.get().kvCellsRunning(), model, "running");
        meters.gauge(Metric.KV_CELLS_USED, () -> idle(snapshots.get()), model, "cached");
        gauge(Metric.KV_SHARED_CELLS, EngineSnapshot::kvCellsShared);
        counter(Metric.KV_EVICTED_CELLS, EngineSnapshot::kvCellsEvicted);
        gauge(Metric.KV_CELLS, EngineSnapshot::kvCellsTotal);
        gauge(Metric.WEIGHT_BYTES, EngineSnapshot::weightBytes);
        gauge(Metric.COMPUTE_BUFFER_BYTES, EngineSnapshot::computeBufferBytes);
        gauge(Metric.DRAFT_MODEL_BYTES, snapshot -> snapshot.draft().weightBytes(), "weights");
        gauge(Metric.DRAFT_MODEL_BYTES, snapshot -> snapshot.draft().kvBytesK(), "kv_k");
        gauge(Metric.DRAFT_MODEL_BYTES, snapshot -> snapshot.draft().kvBytesV(), "kv_v");
        gauge(Metric.DRAFT_MODEL_BYTES, snapshot -> snapshot.draft().computeBytes(), "compute_buffers");
        gauge(Metric.PROMPT_SCRATCH_BYTES, snapshot -> snapshot.promptScratch().kvBytesK(), "kv_k");
        gauge(Metric.PROMPT_SCRATCH_BYTES, snapshot -> snapshot.promptScratch().kvBytesV(), "kv_v");
        gauge(Metric.PROMPT_SCRATCH_BYTES, snapshot -> snapshot.promptScratch().computeBytes(), "compute_buffers");
        registerHostCaches();
        registerPromptCache();
    }

    private void registerHostCaches() {
        gauge(Metric.HOST_CACHE_BYTES, snapshot -> snapshot.promptStore().tokenBytes(), "stored_prompts");
        gauge(Metric.HOST_CACHE_BYTES, snapshot -> snapshot.promptStore().stateBytes(), "prompt_states");
        gauge(Metric.HOST_CACHE_BYTES, EngineSnapshot::tokenTextBytes, "token_texts");
    }

    private void registerPromptCache() {
        gauge(Metric.PROMPT_CACHE_FILES, snapshot -> snapshot.promptStore().files());
        gauge(Metric.PROMPT_CACHE_BYTES, snapshot -> snapshot.promptStore().fileBytes());
        gauge(Metric.PROMPT_CACHE_LIMIT, snapshot -> snapshot.promptStore().limitBytes());
        stored(Metric.PROMPT_CACHE_LOOKUPS, PromptStoreFigures::hits, "hit");
        stored(Metric.PROMPT_CACHE_LOOKUPS, PromptStoreFigures::misses, "miss");
        stored(Metric.PROMPT_CACHE_QUERIED_TOKENS, PromptStoreFigures::queriedTokens);
        stored(Metric.PROMPT_CACHE_RESTORED_TOKENS, PromptStoreFigures::restoredTokens);
        stored(Metric.PROMPT_CACHE_READ_BYTES, PromptStoreFigures::readBytes);
        stored(Metric.PROMPT_CACHE_WRITTEN_FILES, PromptStoreFigures::writtenFiles);
        stored(Metric.PROMPT_CACHE_WRITTEN_BYTES, PromptStoreFigures::writtenBytes);
        stored(Metric.PROMPT_CACHE_EVICTED_FILES, PromptStoreFigures::evictedFiles);
        stored(Metric.PROMPT_CACHE_FAILURES, PromptStoreFigures::readFailures, "read");
        stored(Metric.PROMPT_CACHE_FAILURES, PromptStoreFigures::writeFailures, "write");
        stored(Metric.PROMPT_CACHE_FAILURES, PromptStoreFigures::restoreFailures, "restore");
        stored(Metric.PROMPT_CACHE_FAILURES, PromptStoreFigures::skips, "skip");
    }

    /** Registers the cache's bytes, once, when their type is known. */
    void registerCache() {
        EngineSnapshot snapshot = snapshots.get();
        if (cacheRegistered
                || snapshot.kvTypeK().isEmpty()
                || snapshot.kvTypeV().isEmpty()) {
            return;
        }
        gauge(Metric.KV_RESERVED_BYTES, EngineSnapshot::kvBytesK, "k", snapshot.kvTypeK());
        gauge(Metric.KV_RESERVED_BYTES, EngineSnapshot::kvBytesV, "v", snapshot.kvTypeV());
        gauge(Metric.KV_USED_BYTES, EngineSnapshot::kvBytesUsedK, "k", snapshot.kvTypeK());
        gauge(Metric.KV_USED_BYTES, EngineSnapshot::kvBytesUsedV, "v", snapshot.kvTypeV());
        gauge(Metric.KV_SHARED_BYTES, EngineSnapshot::kvBytesSharedK, "k", snapshot.kvTypeK());
        gauge(Metric.KV_SHARED_BYTES, EngineSnapshot::kvBytesSharedV, "v", snapshot.kvTypeV());
        cacheRegistered = true;
    }

    /** The two figures are published one after the other. */
    private static long idle(EngineSnapshot snapshot) {
        return Math.max(0, snapshot.kvCellsUsed() - snapshot.kvCellsRunning());
    }

    /** @param labels values of all labels but the model */
    private void gauge(Metric metric, ToLongFunction<EngineSnapshot> value, String... labels) {
        meters.gauge(metric, () -> value.applyAsLong(snapshots.get()), withModel(labels));
    }

    private void stored(Metric metric, ToLongFunction<PromptStoreFigures> value, String... labels) {
        counter(metric, snapshot -> value.applyAsLong(snapshot.promptStore()), labels);
    }

    private void counter(Metric metric, ToLongFunction<EngineSnapshot> value, String... labels) {
        Supplier<Number> count = () -> value.applyAsLong(snapshots.get());
        counted.add(count);
        meters.counter(metric, count, withModel(labels));
    }

    private String[] withModel(String... labels) {
        return Stream.concat(Stream.of(model), Stream.of(labels)).toArray(String[]::new);
    }
}
