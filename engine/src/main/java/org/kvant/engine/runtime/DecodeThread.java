package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that decodes: it steps every model that runs on it in turn, each at most its quota of steps at a time, and sleeps while none has work. What
 * fails in one model ends that one only.
 */
public final class DecodeThread implements AutoCloseable {
    /** A model as the thread sees it. All of it is called on the decode thread. */
    interface Steps {
        /** Takes what the thread must make itself; before the first step. */
        void begin();

        /**
         * One round.
         *
         * @return false if there was nothing to compute
         */
        boolean step();

        /** Whether it is to be ended. */
        boolean stopping();

        /** Nanoseconds after which it wants to be looked at even if nobody wakes the thread; {@link Long#MAX_VALUE} for never. */
        long nanosToTimeout();

        /** Steps that it may take before others get their turn. */
        int quota();

        /**
         * Frees everything; nothing is called afterwards.
         *
         * @param failure why it can't go on; null if it was asked to stop
         */
        void end(@Nullable Throwable failure);
    }

    private final List<Steps> running = new CopyOnWriteArrayList<>();
    private final List<Steps> coming = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean signalled;
    private volatile boolean closing;

    /** @param name of the thread */
    public DecodeThread(String name) {
        thread = new Thread(this::run, name);
        // Whoever forgets to close an engine still gets the process to end.
        thread.setDaemon(true);
        thread.start();
    }

    /** What native contexts are handed over to. */
    public Thread thread() {
        return thread;
    }

    /**
     * Steps a model from now on. Any thread.
     *
     * @param handOver gives this thread what belongs to the caller's; run only if the model is taken
     * @return false if this is closed: nothing of the model is touched then
     */
    boolean add(Steps model, Runnable handOver) {
        synchronized (coming) {
            if (closing) {
                return false;
            }
            handOver.run();
            coming.add(model);
        }
        wake();
        return true;
    }

    /** Something changed: look at it before sleeping on. Any thread. */
    public void wake() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    /** Whether the caller is on the decode thread. */
    public boolean current() {
        return Thread.currentThread() == thread;
    }

    /** Ends every model and the thread, after the decode that is under way. Doesn't wait. Any thread. */
    @Override
    public void close() {
        synchronized (coming) {
            closing = true;
        }
        wake();
    }

    private void run() {
        while (true) {
            signalled = false;
            take();
            boolean worked = false;
            for (Steps model : running) {
                worked |= turn(model);
            }
            if (closing && running.isEmpty() && coming.isEmpty()) {
                return;
            }
            if (!worked) {
                rest();
            }
        }
    }

    private void take() {
        for (Steps model : coming) {
            coming.remove(model);
            running.add(model);
            try {
                if (!model.stopping()) {
                    model.begin();
                }
            } catch (Throwable failure) {
                end(model, failure);
            }
        }
    }

    /** Whether there was anything to do. */
    private boolean turn(Steps model) {
        try {
            int steps = 0;
            while (!model.stopping() && !closing && steps < model.quota() && model.step()) {
                steps++;
            }
            if (model.stopping() || closing) {
                end(model, null);
                return true;
            }
            return steps > 0;
        } catch (Throwable failure) {
            // An Error too: whoever waits for this model has to hear of it.
            end(model, failure);
            return true;
        }
    }

    private void end(Steps model, @Nullable Throwable failure) {
        running.remove(model);
        try {
            model.end(failure);
        } catch (Throwable e) {
            LOG.error("A model could not be closed in order", e);
        }
    }

    private void rest() {
        long limit = Long.MAX_VALUE;
        for (Steps model : running) {
            limit = Math.min(limit, model.nanosToTimeout());
        }
        if (!signalled && !closing) {
            if (limit == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, limit);
            }
        }
    }
}
