package org.kvant.api.watch;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;

/**
 * Sees what happens to requests outside the engine, for metrics and traces. Durations are nanoseconds. Called on worker threads and the event
 * loop: implementations must be thread-safe, and must neither block nor throw. For each generating request the order is
 * began → generated… → ended, or only refused.
 */
public interface HttpListener {
    HttpListener NONE = new HttpListener() {};

    /** A conversation became a prompt. */
    default void templateRendered(long nanos) {}

    /** A prompt's text became tokens. */
    default void tokenized(long nanos) {}

    /** A request's grammar was read. */
    default void grammarCompiled(long nanos) {}

    /** A request got an error instead of being worked on, whatever its route. Probes ({@code /health}, {@code /ready}) aren't among these. */
    default void refused(ApiError error) {}

    /** A generating request goes to the engine. */
    default void began(Exchange exchange) {}

    /**
     * One of its generations ended.
     *
     * @param index which one, from 0
     */
    default void generated(Exchange exchange, int index, GenerationRequest request, Finish finish) {}

    /**
     * Nothing more will be sent. A generation whose client has left may end after this.
     *
     * @param error what the client was told instead of the rest; null if the answer is whole or the client has left
     */
    default void ended(Exchange exchange, @Nullable ApiError error) {}
}
