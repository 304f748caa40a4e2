package org.kvant.engine.scheduling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.QueueFullException;

/** Requests that wait for a sequence, by priority and then first come first served, bounded. Thread-safe; the decode thread is the only taker. */
public final class AdmissionQueue {
    private static final Comparator<ActiveRequest> ORDER =
            Comparator.<ActiveRequest>comparingInt(r -> r.request.priority()).thenComparingLong(r -> r.arrival);

    private final int capacity;
    private final TreeSet<ActiveRequest> waiting = new TreeSet<>(ORDER);
    private long arrivals;
    private boolean closed;
    private volatile int size;

    public AdmissionQueue(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Adds a new request.
     *
     * @param admitted run before anybody can take the request out, and only if it was added
     * @return false if the queue is closed
     */
    public synchronized boolean offer(ActiveRequest request, Runnable admitted) throws QueueFullException {
        if (closed) {
            return false;
        }
        if (waiting.size() >= capacity) {
            throw new QueueFullException(capacity);
        }
        admitted.run();
        request.arrival = arrivals++;
        waiting.add(request);
        size = waiting.size();
        return true;
    }

    /** Puts a pre-empted request back to where it was in line, over the capacity if need be: it was admitted already. */
    synchronized void putBack(ActiveRequest request) {
        waiting.add(request);
        size = waiting.size();
    }

    synchronized @Nullable ActiveRequest peek() {
        return waiting.isEmpty() ? null : waiting.first();
    }

    /** The next ones in line, at most {@code limit}. */
    synchronized List<ActiveRequest> first(int limit) {
        return waiting.stream().limit(limit).toList();
    }

    synchronized void remove(ActiveRequest request) {
        waiting.remove(request);
        size = waiting.size();
    }

    /** Takes out those that match, in order. */
    synchronized List<ActiveRequest> removeIf(Predicate<ActiveRequest> matches) {
        List<ActiveRequest> removed = new ArrayList<>();
        for (Iterator<ActiveRequest> it = waiting.iterator(); it.hasNext(); ) {
            ActiveRequest request = it.next();
            if (matches.test(request)) {
                it.remove();
                removed.add(request);
            }
        }
        size = waiting.size();
        return removed;
    }

    /** Nanoseconds until the first of the waiting requests' timeouts; {@link Long#MAX_VALUE} if none has any. */
    synchronized long nanosToDeadline(long now) {
        long nearest = Long.MAX_VALUE;
        for (ActiveRequest request : waiting) {
            nearest = Math.min(nearest, request.nanosToDeadline(now));
        }
        return nearest;
    }

    /** Admits nothing from now on and hands out what is left. */
    public synchronized List<ActiveRequest> close() {
        closed = true;
        List<ActiveRequest> rest = List.copyOf(waiting);
        waiting.clear();
        size = 0;
        return rest;
    }

    public int size() {
        return size;
    }
}
