package org.kvant.monitoring;

import io.micrometer.core.instrument.Timer;
import io.prometheus.metrics.tracer.common.SpanContext;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvant.api.watch.TraceParent;

/**
 * Which trace a request belongs to, so that its latencies can be exemplars of their buckets. The Prometheus client asks for the trace of the thread
 * that records, and the decode thread records for everybody: {@link #record} says for whom. Thread-safe.
 */
final class RequestTraces implements SpanContext {
    private final Map<String, TraceParent> traces = new ConcurrentHashMap<>();
    private final ThreadLocal<@Nullable TraceParent> recording = new ThreadLocal<>();

    void began(String id, TraceParent trace) {
        traces.put(id, trace);
    }

    void ended(String id) {
        traces.remove(id);
    }

    /** Records a duration, as an exemplar if the request has a trace that somebody keeps. */
    void record(String id, Timer timer, long nanos) {
        TraceParent trace = traces.isEmpty() ? null : traces.get(id);
        if (trace == null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
            return;
        }
        recording.set(trace);
        try {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        } finally {
            recording.remove();
        }
    }

    @Override
    public @Nullable String getCurrentTraceId() {
        TraceParent trace = recording.get();
        return trace == null ? null : trace.traceId();
    }

    @Override
    public @Nullable String getCurrentSpanId() {
        TraceParent trace = recording.get();
        return trace == null ? null : trace.spanId();
    }

    @Override
    public boolean isCurrentSpanSampled() {
        TraceParent trace = recording.get();
        return trace != null && trace.sampled();
    }

    @Override
    public void markCurrentSpanAsExemplar() {}
}
