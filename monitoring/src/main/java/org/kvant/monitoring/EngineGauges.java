package org.kvant.monitoring;

import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.kvant.engine.EngineSnapshot;
import org.kvant.engine.EngineState;

/** One engine's gauges, read from its snapshot at each scrape. Not thread-safe. */
final class EngineGauges {
    private final String model;
    private final Meters meters;
    private final Supplier<EngineSnapshot> snapshots;
    /** Held here because the registry holds it weakly. */
    private final Supplier<Number> evictedCells;

    private boolean cacheRegistered;

    EngineGauges(String model, Meters meters, Supplier<EngineSnapshot> snapshots) {
        this.model = model;
        this.meters = meters;
        this.snapshots = snapshots;
        evictedCells = () -> snapshots.get().kvCellsEvicted();
    }

    /** Registers everything whose labels are known before the model is loaded. */
    void register() {
        for (EngineState state : EngineState.values()) {
            meters.gauge(
                    Metric.ENGINE_STATE, () -> snapshots.get().state() == state ? 1 : 0, model, Label.lowerCase(state));
        }
        gauge(Metric.REQUESTS_RUNNING, EngineSnapshot::running);
        gauge(Metric.REQUESTS_PAUSED, EngineSnapshot::paused);
        gauge(Metric.REQUESTS_WAITING, EngineSnapshot::waiting);
        gauge(Metric.SEQUENCES, EngineSnapshot::maxSequences);
        meters.gauge(Metric.KV_CELLS_USED, () -> snapshots.get().kvCellsRunning(), model, "running");
        meters.gauge(Metric.KV_CELLS_USED, () -> idle(snapshots.get()), model, "cached");
        meters.counter(Metric.KV_EVICTED_CELLS, evictedCells, model);
        gauge(Metric.KV_CELLS, EngineSnapshot::kvCellsTotal);
        gauge(Metric.WEIGHT_BYTES, EngineSnapshot::weightBytes);
        gauge(Metric.COMPUTE_BUFFER_BYTES, EngineSnapshot::computeBufferBytes);
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
        cacheRegistered = true;
    }

    /** The two figures are published one after the other. */
    private static long idle(EngineSnapshot snapshot) {
        return Math.max(0, snapshot.kvCellsUsed() - snapshot.kvCellsRunning());
    }

    private void gauge(Metric metric, ToLongFunction<EngineSnapshot> value) {
        meters.gauge(metric, () -> value.applyAsLong(snapshots.get()), model);
    }

    private void gauge(Metric metric, ToLongFunction<EngineSnapshot> value, String part, String type) {
        meters.gauge(metric, () -> value.applyAsLong(snapshots.get()), model, part, type);
    }
}
