package org.kvant.monitoring;

import java.util.Locale;

/** The exposition types that the catalogue uses. */
public enum MetricType {
    /** Only grows; its name ends in {@code _total}. */
    COUNTER,
    /** Goes up and down. */
    GAUGE,
    /** Cumulative counts in fixed buckets, with sum and count. */
    HISTOGRAM,
    /** Always 1; what it says is in its labels. Exposed as a gauge in the text format. */
    INFO;

    /** The word of the exposition format's {@code # TYPE} line, in OpenMetrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
