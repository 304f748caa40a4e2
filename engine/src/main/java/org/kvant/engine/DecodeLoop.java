package org.kvant.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.Backend;
import org.kvant.llama.Context;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The decode thread's body: loads the model, steps the {@link Scheduler} while there is work, sleeps otherwise, and frees everything at the end. */
final class DecodeLoop implements Runnable {
    /** What the loop tells its engine. Called on the decode thread. */
    interface Owner {
        /** The native library is there; the model comes next. */
        void starting(Backend backend);

        /** @param stored prompts in files; null for none */
        void loaded(LoadedModel model, @Nullable StoredPrefixes stored);

        /** The loop can't go on; {@link #stopped} still follows. */
        void failed(Throwable cause);

        /** Everything native is freed. */
        void stopped();
    }

    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final Path file;
    private final EngineOptions options;
    private final AdmissionQueue queue;
    private final LiveRequests live;
    private final EngineListener listener;
    private final Gauges gauges;
    private final Owner owner;
    private final CountDownLatch idleWhileDraining = new CountDownLatch(1);

    private volatile boolean signalled;
    private volatile boolean draining;
    private volatile boolean stopping;
    private volatile @Nullable Thread thread;
    private volatile @Nullable Context context;
    private volatile @Nullable Scheduler scheduler;

    DecodeLoop(
            Path file,
            EngineOptions options,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges,
            Owner owner) {
        this.file = file;
        this.options = options;
        this.queue = queue;
        this.live = live;
        this.listener = listener;
        this.gauges = gauges;
        this.owner = owner;
    }

    /** Something changed: look at it before sleeping on. Any thread. */
    void wake() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    /** Lets {@link #awaitIdle} return as soon as nothing runs or waits. Any thread. */
    void drain() {
        draining = true;
        wake();
    }

    CountDownLatch idle() {
        return idleWhileDraining;
    }

    /** Ends the loop after the decode that is under way, which is broken off where the device can. Any thread. */
    void stop() {
        stopping = true;
        Context c = context;
        if (c != null) {
            c.requestAbort();
        }
        Scheduler s = scheduler;
        if (s != null) {
            s.requestAbort();
        }
        wake();
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            serve();
        } catch (Throwable t) {
            // An Error too: whoever waits for this engine has to hear of it.
            if (t instanceof IOException) {
                log.error("The model can't be used: {}", t.getMessage());
            } else if (t instanceof CancellationException) {
                log.info("Loading the model was broken off: {}", t.getMessage());
            } else {
                log.error("The decode thread failed", t);
            }
            owner.failed(t);
        } finally {
            context = null;
            scheduler = null;
            queue.close();
            live.failAll("The engine stopped unexpectedly.");
            idleWhileDraining.countDown();
            owner.stopped();
        }
    }

    private void serve() throws Exception {
        if (stopping) {
            return;
        }
        Backend backend = Backend.load(options.natives());
        owner.starting(backend);
        try (LoadedModel loaded = LoadedModel.load(file, options);
                StoredPrefixes stored = StoredPrefixes.open(options, loaded, backend.version(), this::wake)) {
            context = loaded.context;
            if (options.warmup()) {
                loaded.warmUp();
            }
            try (Scheduler made = new Scheduler(loaded, options, queue, live, listener, gauges, stored)) {
                scheduler = made;
                owner.loaded(loaded, stored);
                loaded.tryAlternatives();
                schedule(made, loaded);
            }
        }
    }

    private void schedule(Scheduler steps, LoadedModel loaded) {
        try {
            while (!stopping) {
                signalled = false;
                loaded.makeWay();
                if (!steps.step()) {
                    rest(steps);
                }
            }
            steps.endAll(FinishReason.CANCELLED, "The server is shutting down.");
            steps.keepIdle();
        } catch (Throwable t) {
            steps.endAll(FinishReason.ERROR, "The engine failed: " + t.getMessage());
            throw t;
        }
    }

    private void rest(Scheduler steps) {
        if (draining && queue.size() == 0 && !steps.busy()) {
            idleWhileDraining.countDown();
        }
        long limit = steps.nanosToTimeout();
        if (!signalled && !stopping) {
            if (limit == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, limit);
            }
        }
    }
}
