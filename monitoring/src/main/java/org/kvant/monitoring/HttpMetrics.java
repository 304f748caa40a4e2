package org.kvant.monitoring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.TraceParent;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;

/** What happens to requests outside the engine: times of preparation, refusals, and which trace a request belongs to. Thread-safe. */
final class HttpMetrics implements HttpListener {
    private final RequestTraces traces;
    private final Timer template;
    private final Timer tokenization;
    private final Timer grammar;
    private final Map<HttpRejection, Counter> rejections = new EnumMap<>(HttpRejection.class);

    private volatile @Nullable RequestSpans spans;

    HttpMetrics(MeterRegistry registry, RequestTraces traces) {
        this.traces = traces;
        Meters meters = new Meters(registry);
        template = meters.timer(Metric.TEMPLATE);
        tokenization = meters.timer(Metric.TOKENIZATION);
        grammar = meters.timer(Metric.GRAMMAR);
        for (HttpRejection reason : HttpRejection.values()) {
            rejections.put(reason, meters.counter(Metric.HTTP_REQUESTS_REJECTED, reason.label()));
        }
    }

    /** Records traces from now on. */
    void record(RequestSpans recorder) {
        spans = recorder;
    }

    @Override
    public void templateRendered(long nanos) {
        template.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void tokenized(long nanos) {
        tokenization.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void grammarCompiled(long nanos) {
        grammar.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void refused(ApiError error) {
        Objects.requireNonNull(rejections.get(HttpRejection.of(error)), "made for every constant")
                .increment();
    }

    @Override
    public void began(Exchange exchange) {
        RequestSpans recorder = spans;
        TraceParent trace = recorder == null ? exchange.parent() : recorder.begin(exchange);
        if (trace != null) {
            traces.began(exchange.id(), trace);
        }
    }

    @Override
    public void generated(Exchange exchange, int index, GenerationRequest request, Finish finish) {
        RequestSpans recorder = spans;
        if (recorder != null) {
            recorder.generated(exchange, index, request, finish);
        }
    }

    @Override
    public void ended(Exchange exchange, @Nullable ApiError error) {
        traces.ended(exchange.id());
        RequestSpans recorder = spans;
        if (recorder != null) {
            recorder.end(exchange, error);
        }
    }
}
