package org.kvant.monitoring;

/** Quotients that more than one vocabulary shows. */
final class Ratios {
    private Ratios() {}

    /** The quotient, or 0 where there was nothing yet. */
    static double of(double part, double whole) {
        return whole == 0 ? 0 : part / whole;
    }

    /** Part of the KV cache that holds a token. */
    static double kvUsed(Reading reading, String model) {
        return of(reading.sum(Metric.KV_CELLS_USED, model), reading.sum(Metric.KV_CELLS, model));
    }

    /** Part of the KV cache that running requests hold. */
    static double kvRunning(Reading reading, String model) {
        return of(reading.sum(Metric.KV_CELLS_USED, model, Label.USE, "running"), reading.sum(Metric.KV_CELLS, model));
    }
}
