package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kvant.api.Dialect;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.TraceParent;

/** The routes of generating requests. */
final class GenerationRoutes {
    private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
    private static final CharSequence TRACE_PARENT = HttpHeaders.createOptimized("traceparent");

    private final Vertx vertx;
    private final HttpOptions options;
    private final WorkerExecutor workers;
    private final BodyReader bodies;
    private final ServedModels served;
    private final Inflight inflight;
    private final RequestLog log;
    private final HttpListener listener;
    private final Refusals refusals;
    private final HeapBudget budget;

    GenerationRoutes(
            Vertx vertx,
            HttpOptions options,
            WorkerExecutor workers,
            BodyReader bodies,
            ServedModels served,
            Inflight inflight,
            Refusals refusals) {
        this.vertx = vertx;
        this.options = options;
        this.workers = workers;
        this.bodies = bodies;
        this.served = served;
        this.inflight = inflight;
        this.refusals = refusals;
        budget = new HeapBudget(options.answerBytes());
        listener = refusals.listener();
        log = new RequestLog(options.logPrompts());
    }

    void addTo(Router router, List<Dialect> dialects) {
        for (Dialect dialect : dialects) {
            router.post(dialect.path()).handler(context -> handle(context, dialect));
        }
    }

    private void handle(RoutingContext routing, Dialect dialect) {
        HttpServerRequest request = routing.request();
        HttpServerResponse response = routing.response();
        Instant arrived = Instant.now();
        long arrivedNanos = System.nanoTime();
        bodies.read(
                        request,
                        body -> workers.executeBlocking(
                                () -> {
                                    served.requireAny();
                                    return new RequestPreparer(served, options.fingerprint(), budget.total(), listener)
                                            .prepare(dialect, body);
                                },
                                false))
                .onSuccess(prepared ->
                        start(request, response, prepared, exchange(request, prepared, arrived, arrivedNanos)))
                .onFailure(failure -> refuse(response, null, Answers.describe(failure)));
    }

    private Future<Void> refuse(HttpServerResponse response, @Nullable String id, ApiError error) {
        log.refused(id, error);
        return refusals.answer(response, error);
    }

    private Exchange exchange(HttpServerRequest request, Prepared prepared, Instant arrived, long arrivedNanos) {
        return new Exchange(
                prepared.head().id(),
                prepared.dialect().operation(),
                prepared.head().model(),
                arrived,
                arrivedNanos,
                TraceParent.parse(request.getHeader(TRACE_PARENT)),
                prepared.requests().getFirst(),
                prepared.requests().size());
    }

    private void start(HttpServerRequest request, HttpServerResponse response, Prepared prepared, Exchange exchange) {
        if (response.closed()) {
            return;
        }
        if (!budget.tryReserve(prepared.bytes())) {
            refuse(
                    response,
                    prepared.head().id(),
                    ApiError.overloaded(
                            "The answers under way leave too little memory for this one. Try again later."));
            return;
        }
        if (!inflight.begin()) {
            budget.release(prepared.bytes());
            refuse(response, prepared.head().id(), ApiError.unavailable(ServedEngine.DRAINING));
            return;
        }
        AtomicBoolean open = new AtomicBoolean(true);
        Runnable whenOver = () -> {
            if (open.getAndSet(false)) {
                budget.release(prepared.bytes());
                inflight.end();
            }
        };
        response.putHeader(REQUEST_ID, prepared.head().id());
        AnswerWriter writer = prepared.stream()
                ? new StreamedAnswer(vertx, response, request.version(), prepared, options.pingInterval())
                : new WholeAnswer(response, prepared);
        RequestEvents events = new RequestEvents(exchange, log, listener);
        events.began();
        try {
            new Answer(
                            vertx.getOrCreateContext(),
                            response,
                            served.find(prepared.head().model()).ready(),
                            prepared,
                            writer,
                            events,
                            whenOver)
                    .start();
        } catch (ApiException | RuntimeException e) {
            writer.release();
            events.ended(Answers.describe(e));
            refuse(response, prepared.head().id(), Answers.describe(e)).onComplete(_ -> whenOver.run());
        }
    }
}
