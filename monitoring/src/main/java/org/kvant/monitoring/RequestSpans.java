package org.kvant.monitoring;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.TraceParent;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;

/** Records traces of requests somewhere. Thread-safe; must neither block nor throw. */
public interface RequestSpans {
    /** A span of the request's own begins; gives it, as its children would name it. */
    TraceParent begin(Exchange exchange);

    /** One of the request's generations ended. */
    void generated(Exchange exchange, int index, GenerationRequest request, Finish finish);

    /** The request ended; null if whole or the client has left. Generations may still end after this. */
    void end(Exchange exchange, @Nullable ApiError error);
}
