package org.kvant.engine;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All admitted requests that haven't ended. Makes sure that each sink hears the end exactly once, whoever brings it. Thread-safe. */
final class LiveRequests {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final Set<ActiveRequest> live = ConcurrentHashMap.newKeySet();
    private final EngineListener listener;

    LiveRequests(EngineListener listener) {
        this.listener = listener;
    }

    void add(ActiveRequest request) {
        live.add(request);
    }

    void remove(ActiveRequest request) {
        live.remove(request);
    }

    /** Tells sink and listener, unless that has happened. What the request held must be free by now. */
    void end(ActiveRequest request, FinishReason reason, @Nullable String stop, @Nullable String error) {
        if (!request.end()) {
            return;
        }
        live.remove(request);
        long now = System.nanoTime();
        Usage usage = request.usage();
        Timings timings = request.timings(now);
        listener.requestFinished(request.id(), Outcome.of(reason), usage, timings);
        try {
            request.sink.onFinish(new Finish(reason, stop, error, usage, timings));
        } catch (RuntimeException e) {
            log.warn("Request {}: its sink failed at the end", request.id(), e);
        }
    }

    /** Ends everything with an error, for when the decode thread can't. */
    void failAll(String error) {
        for (ActiveRequest request : live) {
            end(request, FinishReason.ERROR, null, error);
        }
    }
}
