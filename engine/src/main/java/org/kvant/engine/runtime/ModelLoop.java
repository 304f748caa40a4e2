package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
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

/**
 * One model's life: loaded on a thread of its own, so that nobody's tokens wait for a file, then stepped by the {@link DecodeThread}, which owns what is native
 * from then on and frees it at the end.
 */
public final class ModelLoop implements DecodeThread.Steps {
    /** What the loop tells its engine. */
    public interface Owner {
        /** The native library is there; the model comes next. On the loading thread. */
        void starting(Backend backend);

        /**
         * Requests are taken from now on. On the decode thread.
         *
         * @param stored prompts in files; null for none
         */
        void loaded(LoadedModel model, @Nullable StoredPrefixes stored);

        /** The model can't be loaded, or can't go on; {@link #stopped} still follows. */
        void failed(Throwable cause);

        /** Everything native is freed. */
        void stopped();
    }

    private final Path file;
    private final EngineOptions options;
    private final int quota;
    private final DecodeThread decoder;
    private final AdmissionQueue queue;
    private final LiveRequests live;
    private final EngineListener listener;
    private final Gauges gauges;
    private final Owner owner;
    private final CountDownLatch idleWhileDraining = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    private volatile boolean draining;
    private volatile boolean stopping;
    private volatile @Nullable Context context;
    private volatile @Nullable Scheduler scheduler;
    private @Nullable LoadedModel loaded;
    private @Nullable StoredPrefixes stored;

    /** @param quota steps that the model may take before others on the same thread get their turn */
    public ModelLoop(
            Path file,
            EngineOptions options,
            int quota,
            DecodeThread decoder,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges,
            Owner owner) {
        this.file = file;
        this.options = options;
        this.quota = quota;
        this.decoder = decoder;
        this.queue = queue;
        this.live = live;
        this.listener = listener;
        this.gauges = gauges;
        this.owner = owner;
    }

    /** Begins to load, on a thread of its own. */
    public void start() {
        Thread loader = new Thread(this::load, "kvant-load");
        loader.setDaemon(true);
        loader.start();
    }

    /** Something changed: look at it before sleeping on. Any thread. */
    public void wake() {
        decoder.wake();
    }

    /** Lets {@link #idle} open as soon as nothing runs or waits. Any thread. */
    public void drain() {
        draining = true;
        wake();
    }

    /** Open when nothing runs or waits while the model drains, and when it has ended. */
    public CountDownLatch idle() {
        return idleWhileDraining;
    }

    /** Open when everything native is freed. */
    public CountDownLatch ended() {
        return ended;
    }

    /** Ends the model after the decode that is under way, which is broken off where the device can. Any thread. */
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

    private void load() {
        try {
            if (!stopping) {
                Backend backend = Backend.load(options.natives());
                owner.starting(backend);
                LoadedModel model = LoadedModel.load(file, options);
                loaded = model;
                context = model.context();
                stored = StoredPrefixes.open(options, model.context(), backend.version(), this::wake);
                if (options.warmup()) {
                    WarmUp.run(model);
                }
                if (decoder.add(this, () -> model.handOver(decoder.thread()))) {
                    return;
                }
            }
        } catch (Throwable failure) {
            // An Error too: whoever waits for this model has to hear of it.
            over(failure);
            return;
        }
        over(null);
    }

    @Override
    public void begin() {
        LoadedModel model = loaded();
        Scheduler made = new Scheduler(model, options, queue, live, listener, gauges, stored, new StepCosts());
        scheduler = made;
        owner.loaded(model, stored);
        model.tryAlternatives();
    }

    @Override
    public boolean step() {
        Scheduler steps = scheduler();
        loaded().makeWay();
        if (steps.step()) {
            return true;
        }
        if (draining && queue.size() == 0 && !steps.busy()) {
            idleWhileDraining.countDown();
        }
        return false;
    }

    @Override
    public boolean stopping() {
        return stopping;
    }

    @Override
    public long nanosToTimeout() {
        return scheduler().nanosToTimeout();
    }

    @Override
    public int quota() {
        return quota;
    }

    @Override
    public void end(@Nullable Throwable failure) {
        try (Scheduler steps = scheduler) {
            if (steps == null) {
                LOG.debug("The model ended before it began");
            } else if (failure == null) {
                steps.endAll(FinishReason.CANCELLED, "The server is shutting down.");
                steps.keepIdle();
            } else {
                steps.endAll(FinishReason.ERROR, "The engine failed: " + failure.getMessage());
            }
        } catch (Throwable e) {
            LOG.error("Requests could not be ended in order", e);
        }
        over(failure);
    }

    /** Frees what there is and says so. On the thread that owns the context. */
    private void over(@Nullable Throwable failure) {
        if (failure != null) {
            report(failure);
        }
        try {
            free();
        } catch (Throwable e) {
            LOG.error("The model's memory could not be freed in order", e);
        } finally {
            if (failure != null) {
                owner.failed(failure);
            }
            queue.close();
            live.failAll("The engine stopped unexpectedly.");
            idleWhileDraining.countDown();
            owner.stopped();
            ended.countDown();
        }
    }

    private void free() {
        context = null;
        scheduler = null;
        try {
            if (stored != null) {
                stored.close();
            }
        } finally {
            if (loaded != null) {
                loaded.close();
            }
        }
    }

    private static void report(Throwable failure) {
        if (failure instanceof IOException) {
            LOG.error("The model can't be used: {}", failure.getMessage());
        } else if (failure instanceof CancellationException) {
            LOG.info("Loading the model was broken off: {}", failure.getMessage());
        } else {
            LOG.error("The model failed", failure);
        }
    }

    private LoadedModel loaded() {
        LoadedModel model = loaded;
        if (model == null) {
            throw new IllegalStateException("the model isn't loaded");
        }
        return model;
    }

    private Scheduler scheduler() {
        Scheduler steps = scheduler;
        if (steps == null) {
            throw new IllegalStateException("the model hasn't begun");
        }
        return steps;
    }
}
