package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.HttpListener;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.runtime.Tokenizer;

/** What there is to tell about one generating request, to the log and to the listener. Runs on the event loop. */
final class RequestEvents {
    private final Exchange exchange;
    private final RequestLog log;
    private final HttpListener listener;

    RequestEvents(Exchange exchange, RequestLog log, HttpListener listener) {
        this.exchange = exchange;
        this.log = log;
        this.listener = listener;
    }

    void began() {
        listener.began(exchange);
    }

    void generated(int index, GenerationRequest request, Finish finish, Tokenizer tokenizer) {
        log.ended(exchange.id(), index, request, finish, tokenizer);
        listener.generated(exchange, index, request, finish);
    }

    /** The engine did not take it; {@link #ended} follows. */
    void refused(ApiError error) {
        log.refused(exchange.id(), error);
        listener.refused(error);
    }

    void ended(@Nullable ApiError error) {
        listener.ended(exchange, error);
    }
}
