package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kvant.openai.ApiError;
import org.kvant.openai.ApiException;

/** {@code POST /v1/completions} and {@code POST /v1/chat/completions}. */
final class GenerationRoutes {
    private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");

    private final Vertx vertx;
    private final HttpOptions options;
    private final WorkerExecutor workers;
    private final BodyReader bodies;
    private final ServedEngine served;
    private final Inflight inflight;
    private final RequestLog log;

    GenerationRoutes(
            Vertx vertx,
            HttpOptions options,
            WorkerExecutor workers,
            BodyReader bodies,
            ServedEngine served,
            Inflight inflight) {
        this.vertx = vertx;
        this.options = options;
        this.workers = workers;
        this.bodies = bodies;
        this.served = served;
        this.inflight = inflight;
        log = new RequestLog(options.logPrompts());
    }

    void addTo(Router router) {
        router.post("/v1/completions").handler(context -> handle(context, RequestPreparer::completion));
        router.post("/v1/chat/completions").handler(context -> handle(context, RequestPreparer::chat));
    }

    @FunctionalInterface
    private interface Preparation {
        Prepared prepare(RequestPreparer preparer, byte[] body) throws ApiException;
    }

    private void handle(RoutingContext routing, Preparation preparation) {
        HttpServerRequest request = routing.request();
        HttpServerResponse response = routing.response();
        bodies.read(
                        request,
                        body -> workers.executeBlocking(
                                () -> {
                                    RequestPreparer preparer = new RequestPreparer(
                                            served.ready(), options.modelId(), options.fingerprint());
                                    return preparation.prepare(preparer, body);
                                },
                                false))
                .onSuccess(prepared -> start(request, response, prepared))
                .onFailure(failure -> refuse(response, null, Answers.describe(failure)));
    }

    private Future<Void> refuse(HttpServerResponse response, @Nullable String id, ApiError error) {
        log.refused(id, error);
        return Answers.error(response, error);
    }

    private void start(HttpServerRequest request, HttpServerResponse response, Prepared prepared) {
        if (response.closed()) {
            return;
        }
        if (!inflight.begin()) {
            refuse(response, prepared.head().id(), ApiError.unavailable(ServedEngine.DRAINING));
            return;
        }
        AtomicBoolean open = new AtomicBoolean(true);
        Runnable whenOver = () -> {
            if (open.getAndSet(false)) {
                inflight.end();
            }
        };
        response.putHeader(REQUEST_ID, prepared.head().id());
        AnswerWriter writer = prepared.stream()
                ? new StreamedAnswer(vertx, response, request.version(), prepared, options.pingInterval())
                : new WholeAnswer(response, prepared);
        try {
            new Answer(vertx.getOrCreateContext(), response, served.ready(), prepared, writer, log, whenOver).start();
        } catch (ApiException | RuntimeException e) {
            writer.release();
            refuse(response, prepared.head().id(), Answers.describe(e)).onComplete(_ -> whenOver.run());
        }
    }
}
