package org.kvant.engine.scheduling;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.watch.Gauges;

/** Takes from requests what they hold: at their end, or when their cells must go. Belongs to the decode thread. */
final class Releases {
    private final PrefixCache cache;
    private final LiveRequests live;
    private final Gauges gauges;

    Releases(PrefixCache cache, LiveRequests live, Gauges gauges) {
        this.cache = cache;
        this.live = live;
        this.gauges = gauges;
    }

    /** Frees what the request holds, then tells its sink. */
    void finish(ActiveRequest request, FinishReason reason, @Nullable String stop, @Nullable String error) {
        request.sampler.close();
        request.stored().drop();
        if (request.slot != null) {
            cache.release(request.slot);
            request.slot = null;
        }
        CellGauges.publish(cache, gauges);
        live.end(request, reason, stop, error);
    }

    /** Ends the request with an error, and forgets its cells, which may be what is wrong. */
    void fail(ActiveRequest request, String error) {
        discard(request);
        finish(request, FinishReason.ERROR, null, error);
    }

    /** Empties the request's sequence and takes it away. */
    void discard(ActiveRequest request) {
        cache.discard(Objects.requireNonNull(request.slot));
        request.slot = null;
    }
}
