package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.StoredPrefixes;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.scheduling.AdmissionQueue;
import org.kvant.engine.scheduling.LiveRequests;
import org.kvant.engine.scheduling.Scheduler;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.Gauges;
import org.kvant.llama.Backend;
import org.kvant.llama.Context;

/** The decode thread's body: loads the model, steps the {@link Scheduler} while there is work, sleeps otherwise, and frees everything at the end. */
public final class DecodeLoop implements Runnable {
    /** What the loop tells its engine. Called on the decode thread. */
    public interface Owner {
        /** The native library is there; the model comes next. */
        void starting(Backend backend);

        /** @param stored prompts in files; null for none */
        void loaded(LoadedModel model, @Nullable StoredPrefixes stored);

        /** The loop can't go on; {@link #stopped} still follows. */
        void failed(Throwable cause);

        /** Everything native is freed. */
        void stopped();
    }

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

    public DecodeLoop(
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
    public void wake() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    /** Lets {@link #awaitIdle} return as soon as nothing runs or waits. Any thread. */
    public void drain() {
        draining = true;
        wake();
    }

    public CountDownLatch idle() {
        return idleWhileDraining;
    }

    /** Ends the loop after the decode that is under way, which is broken off where the device can. Any thread. */
    public void stop() {
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
                LOG.error("The model can't be used: {}", t.getMessage());
            } else if (t instanceof CancellationException) {
                LOG.info("Loading the model was broken off: {}", t.getMessage());
            } else {
                LOG.error("The decode thread failed", t);
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
                StoredPrefixes stored = StoredPrefixes.open(options, loaded.context, backend.version(), this::wake)) {
            context = loaded.context;
            if (options.warmup()) {
                WarmUp.run(loaded);
            }
            try (Scheduler made =
                    new Scheduler(loaded, options, queue, live, listener, gauges, stored, new StepCosts())) {
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
