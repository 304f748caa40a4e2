package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.HttpListener;

/** Answers requests that aren't worked on, and tells the listener. Runs on the event loop. */
record Refusals(HttpListener listener) {
    /** Does nothing if an answer has begun or the client has left. */
    Future<Void> answer(HttpServerResponse response, ApiError error) {
        if (!response.headWritten() && !response.closed()) {
            listener.refused(error);
        }
        return Answers.error(response, error);
    }
}
