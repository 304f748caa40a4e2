package org.kvant.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Requests that wait for a sequence, first come first served, bounded. Thread-safe; the decode thread is the only taker. */
final class AdmissionQueue {
    private final int capacity;
    private final ArrayDeque<ActiveRequest> waiting = new ArrayDeque<>();
    private boolean closed;
    private volatile int size;

    AdmissionQueue(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Adds a new request.
     *
     * @param admitted run before anybody can take the request out, and only if it was added
     * @return false if the queue is closed
     */
    synchronized boolean offer(ActiveRequest request, Runnable admitted) throws QueueFullException {
        if (closed) {
            return false;
        }
        if (waiting.size() >= capacity) {
            throw new QueueFullException(capacity);
        }
        admitted.run();
        waiting.addLast(request);
        size = waiting.size();
        return true;
    }

    /** Puts a pre-empted request back to the front, over the capacity if need be: it was admitted already. */
    synchronized void returnToFront(ActiveRequest request) {
        waiting.addFirst(request);
        size = waiting.size();
    }

    synchronized @Nullable ActiveRequest peek() {
        return waiting.peekFirst();
    }

    synchronized @Nullable ActiveRequest poll() {
        ActiveRequest first = waiting.pollFirst();
        size = waiting.size();
        return first;
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

    /** Admits nothing from now on and hands out what is left. */
    synchronized List<ActiveRequest> close() {
        closed = true;
        List<ActiveRequest> rest = List.copyOf(waiting);
        waiting.clear();
        size = 0;
        return rest;
    }

    int size() {
        return size;
    }
}
