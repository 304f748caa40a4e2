package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.watch.EngineListener;

/** All admitted requests that haven't ended. Makes sure that each sink hears the end exactly once, whoever brings it. Thread-safe. */
public final class LiveRequests {
    private final Set<ActiveRequest> live = ConcurrentHashMap.newKeySet();
    private final EngineListener listener;

    public LiveRequests(EngineListener listener) {
        this.listener = listener;
    }

    public void add(ActiveRequest request) {
        live.add(request);
    }

    public void remove(ActiveRequest request) {
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
        } catch (RuntimeException | StackOverflowError e) {
            LOG.warn("Request {}: its sink failed at the end", request.id(), e);
        }
    }

    /** Ends everything with an error, for when the decode thread can't. */
    public void failAll(String error) {
        for (ActiveRequest request : live) {
            end(request, FinishReason.ERROR, null, error);
        }
    }
}
