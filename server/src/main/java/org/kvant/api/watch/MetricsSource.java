package org.kvant.api.watch;

import org.jspecify.annotations.Nullable;

/** What {@code GET /metrics} answers. The HTTP layer knows no metrics library; whoever wires the parts hands one of these in. */
@FunctionalInterface
public interface MetricsSource {
    /**
     * The current values; called on a worker thread, by several at a time.
     *
     * @param accept the request's {@code Accept} header; null if it has none
     * @param names under which vocabularies' names, separated by commas; null for those that the server was started with
     * @throws IllegalArgumentException if there is no such vocabulary
     */
    Scrape scrape(@Nullable String accept, @Nullable String names);

    /**
     * @param contentType of the body, with its version and charset
     * @param body in Prometheus's or OpenMetrics' text format, UTF-8; not copied
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on to the network as it is and never compared
    record Scrape(String contentType, byte[] body) {}
}
