package org.kvant.monitoring.otlp;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.TraceParent;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.Timings;
import org.kvant.monitoring.RequestSpans;

/**
 * A span for each request, by OpenTelemetry's GenAI conventions, with the phases of each generation (queue, prefill, decode) below it, and the
 * conventions' metrics. Neither prompts nor what the model wrote are part of it. Thread-safe.
 */
final class GenAiTelemetry implements RequestSpans {
    /** What is under way, by id. */
    private final Map<String, Traced> open = new ConcurrentHashMap<>();

    private final Tracer tracer;
    private final GenAiMetrics metrics;
    private final String host;
    private final int port;

    /** A request's span and what its generations came to. */
    private static final class Traced {
        final Span span;
        final Context context;
        final List<String> reasons = new ArrayList<>();
        long promptTokens;
        long cachedTokens;
        long generatedTokens;

        Traced(Span span) {
            this.span = span;
            context = Context.root().with(span);
        }
    }

    GenAiTelemetry(Tracer tracer, GenAiMetrics metrics, String host, int port) {
        this.tracer = tracer;
        this.metrics = metrics;
        this.host = host;
        this.port = port;
    }

    @Override
    public TraceParent begin(Exchange exchange) {
        String operation = GenAiAttributes.operation(exchange);
        GenerationRequest request = exchange.request();
        SamplingOptions sampling = request.sampling();
        SpanBuilder builder = tracer.spanBuilder(operation + " " + exchange.model())
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent(exchange.parent()))
                .setStartTimestamp(exchange.arrived())
                .setAllAttributes(common(exchange).build())
                .setAttribute(GenAiAttributes.RESPONSE_ID, exchange.id())
                .setAttribute(GenAiAttributes.TEMPERATURE, (double) sampling.temperature())
                .setAttribute(GenAiAttributes.TOP_P, (double) sampling.topP())
                .setAttribute(GenAiAttributes.TOP_K, (double) sampling.topK());
        if (request.maxTokens() != GenerationRequest.UNLIMITED) {
            builder.setAttribute(GenAiAttributes.MAX_TOKENS, (long) request.maxTokens());
        }
        if (exchange.generations() != 1) {
            builder.setAttribute(GenAiAttributes.CHOICES, (long) exchange.generations());
        }
        if (!sampling.randomSeed()) {
            builder.setAttribute(GenAiAttributes.SEED, sampling.seed());
        }
        Traced traced = new Traced(builder.startSpan());
        open.put(exchange.id(), traced);
        SpanContext context = traced.span.getSpanContext();
        return new TraceParent(context.getTraceId(), context.getSpanId(), context.isSampled());
    }

    private static Context parent(@Nullable TraceParent parent) {
        return parent == null
                ? Context.root()
                : Context.root()
                        .with(Span.wrap(SpanContext.createFromRemoteParent(
                                parent.traceId(),
                                parent.spanId(),
                                parent.sampled() ? TraceFlags.getSampled() : TraceFlags.getDefault(),
                                TraceState.getDefault())));
    }

    /** The attributes that metrics have, too. */
    private AttributesBuilder common(Exchange exchange) {
        return Attributes.builder()
                .put(GenAiAttributes.OPERATION, GenAiAttributes.operation(exchange))
                .put(GenAiAttributes.PROVIDER, GenAiAttributes.KVANT)
                .put(GenAiAttributes.REQUEST_MODEL, exchange.model())
                .put(GenAiAttributes.RESPONSE_MODEL, exchange.model())
                .put(GenAiAttributes.SERVER_ADDRESS, host)
                .put(GenAiAttributes.SERVER_PORT, (long) port);
    }

    @Override
    public void generated(Exchange exchange, int index, GenerationRequest request, Finish finish) {
        Traced traced = open.get(exchange.id());
        if (traced == null) {
            return; // Its client has left, and the span with it.
        }
        long now = System.nanoTime();
        Timings timings = finish.timings();
        synchronized (traced) {
            traced.reasons.add(GenAiAttributes.word(finish.reason()));
            traced.promptTokens += finish.usage().promptTokens();
            traced.cachedTokens += finish.usage().cachedTokens();
            traced.generatedTokens += finish.usage().completionTokens();
        }
        long submitted = now - timings.totalNanos();
        long started = submitted + timings.queueNanos();
        phase("queue", exchange, traced, index, submitted, started);
        if (timings.prefillNanos() > 0) {
            phase("prefill", exchange, traced, index, started, started + timings.prefillNanos());
        }
        if (finish.usage().completionTokens() > 0) {
            phase("decode", exchange, traced, index, now - timings.decodeNanos(), now);
        }
        if (GenAiAttributes.good(finish.reason())) {
            metrics.generated(
                    finish,
                    now - timings.decodeNanos() - exchange.arrivedNanos(),
                    common(exchange).build(),
                    traced.context);
        }
    }

    /** From and to are by {@link System#nanoTime()}. */
    private void phase(String name, Exchange exchange, Traced traced, int index, long from, long to) {
        Span span = tracer.spanBuilder(name)
                .setParent(traced.context)
                .setStartTimestamp(epochNanos(exchange, from), TimeUnit.NANOSECONDS)
                .setAttribute(GenAiAttributes.GENERATION, (long) index)
                .startSpan();
        span.end(epochNanos(exchange, to), TimeUnit.NANOSECONDS);
    }

    @Override
    public void end(Exchange exchange, @Nullable ApiError error) {
        Traced traced = open.remove(exchange.id());
        if (traced == null) {
            return;
        }
        long now = System.nanoTime();
        Span span = traced.span;
        AttributesBuilder attributes = common(exchange);
        synchronized (traced) {
            span.setAttribute(GenAiAttributes.FINISH_REASONS, List.copyOf(traced.reasons));
            span.setAttribute(GenAiAttributes.INPUT_TOKENS, traced.promptTokens);
            span.setAttribute(GenAiAttributes.CACHED_TOKENS, traced.cachedTokens);
            span.setAttribute(GenAiAttributes.OUTPUT_TOKENS, traced.generatedTokens);
        }
        if (error != null) {
            String type = error.code() == null ? Integer.toString(error.status()) : error.code();
            span.setStatus(StatusCode.ERROR, error.message());
            span.setAttribute(GenAiAttributes.ERROR_TYPE, type);
            attributes.put(GenAiAttributes.ERROR_TYPE, type);
        } else if (traced.reasons.size() < exchange.generations()) {
            span.setAttribute(GenAiAttributes.ERROR_TYPE, "cancelled");
            attributes.put(GenAiAttributes.ERROR_TYPE, "cancelled");
        }
        metrics.ended(now - exchange.arrivedNanos(), attributes.build(), traced.context);
        span.end(epochNanos(exchange, now), TimeUnit.NANOSECONDS);
    }

    private static long epochNanos(Exchange exchange, long nanoTime) {
        return TimeUnit.SECONDS.toNanos(exchange.arrived().getEpochSecond())
                + exchange.arrived().getNano()
                + (nanoTime - exchange.arrivedNanos());
    }
}
