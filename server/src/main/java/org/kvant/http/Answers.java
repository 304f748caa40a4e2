package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.engine.EngineNotReadyException;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.watch.EngineState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole answers, and what failures become. */
public final class Answers {
    static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
    private static final Logger LOG = LoggerFactory.getLogger(Answers.class);

    private Answers() {}

    /** Does nothing if the answer is complete or the client has left. */
    static Future<Void> json(HttpServerResponse response, byte[] body) {
        if (response.ended() || response.closed()) {
            return Future.succeededFuture();
        }
        return response.putHeader(HttpHeaders.CONTENT_TYPE, JSON).end(Buffer.buffer(body));
    }

    /** Does nothing if an answer has begun or the client has left. */
    static Future<Void> error(HttpServerResponse response, ApiError error) {
        if (response.headWritten() || response.closed()) {
            return Future.succeededFuture();
        }
        if (error.status() == 429 || error.status() == 503) {
            response.putHeader(RETRY_AFTER, "1");
        }
        response.setStatusCode(error.status());
        return json(response, error.toJson());
    }

    /** What a client is told about a failure; one that is our own fault is logged and not spread. */
    static ApiError describe(Throwable failure) {
        return switch (failure) {
            case ApiException e -> e.error();
            case QueueFullException e -> ApiError.overloaded(message(e));
            case RequestRejectedException e ->
                switch (e.reason()) {
                    case CONTEXT_EXCEEDED -> ApiError.invalid(message(e), "prompt", "context_length_exceeded");
                    case EMPTY_PROMPT, INVALID_TOKEN -> ApiError.invalid(message(e), "prompt", "invalid_value");
                };
            case EngineNotReadyException e ->
                e.state() == EngineState.FAILED
                        ? ApiError.unavailable("The engine has failed; the server's log says why.")
                        : ApiError.unavailable(message(e));
            default -> {
                LOG.error("A request failed", failure);
                yield ApiError.internal("The server failed to answer; its log says why.");
            }
        };
    }

    private static String message(Throwable failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
}
