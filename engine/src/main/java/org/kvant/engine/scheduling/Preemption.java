package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.watch.EngineListener;

/** Sends running requests back to the queue when cells run out; they are computed again later. Belongs to the decode thread. */
final class Preemption {
    private final PrefixCache cache;
    private final AdmissionQueue queue;
    private final Releases releases;
    private final EngineListener listener;

    Preemption(PrefixCache cache, AdmissionQueue queue, Releases releases, EngineListener listener) {
        this.cache = cache;
        this.queue = queue;
        this.releases = releases;
        this.listener = listener;
    }

    /**
     * Takes the sequence from the least urgent request, of several from the youngest.
     *
     * @return false if only one request runs, which would gain nothing
     */
    boolean preemptOne() {
        ActiveRequest victim = null;
        int running = 0;
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = ActiveRequest.in(slot);
            if (owner != null) {
                running++;
                victim = lessUrgent(owner, victim);
            }
        }
        if (running < 2 || victim == null) {
            return false;
        }
        LOG.debug("Request {}: out of cells, computed again later", victim.id());
        releases.discard(victim);
        queue.putBack(victim);
        listener.requestPreempted(victim.id());
        return true;
    }

    private static ActiveRequest lessUrgent(ActiveRequest a, @Nullable ActiveRequest b) {
        if (b == null) {
            return a;
        }
        int priority = Integer.compare(a.request.priority(), b.request.priority());
        return priority > 0 || (priority == 0 && a.clock.startNanos() - b.clock.startNanos() > 0) ? a : b;
    }
}
