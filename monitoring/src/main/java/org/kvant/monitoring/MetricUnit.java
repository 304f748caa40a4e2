package org.kvant.monitoring;

import java.util.Locale;

/** Base units, as Prometheus asks for. */
public enum MetricUnit {
    SECONDS,
    BYTES,
    TOKENS,
    REQUESTS,
    CELLS,
    THREADS,
    /** A bare number. */
    NONE;

    /** Lower case; empty for {@link #NONE}. */
    public String label() {
        return this == NONE ? "" : name().toLowerCase(Locale.ROOT);
    }
}
