package org.kvant.engine;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends running requests back to the queue when cells run out; they are computed again later. Belongs to the decode thread. */
final class Preemption {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

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
            ActiveRequest owner = slot.owner;
            if (owner != null) {
                running++;
                victim = lessUrgent(owner, victim);
            }
        }
        if (running < 2 || victim == null) {
            return false;
        }
        log.debug("Request {}: out of cells, computed again later", victim.id());
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
        return priority > 0 || (priority == 0 && a.startNanos - b.startNanos > 0) ? a : b;
    }
}
