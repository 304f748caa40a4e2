package org.kvant.engine;

import org.jspecify.annotations.Nullable;
import org.kvant.llama.Context;

/**
 * Continuous batching on the decode thread: each {@link #step} drops what was cancelled, admits what fits, decodes one batch and hands out the
 * sampled tokens.
 */
final class Scheduler implements AutoCloseable {
    private final PrefixCache cache;
    private final Planner planner;
    private final AdmissionQueue queue;
    private final EngineListener listener;
    private final Admission admission;
    private final Gauges gauges;
    private final long pauseTimeoutNanos;
    private final Plan plan;
    /** What the scratch computes. */
    private final Plan aside;

    private final Releases releases;
    private final DecodeStep decode;
    private final @Nullable ContextShift shift;
    /** Null where sequences can't be cut back, as after a wrong guess. */
    private final @Nullable Speculation speculation;
    /** Null where rows can't be taken back. */
    private final @Nullable RowFilling filling;
    /** Null where prompts gain nothing by it. */
    private final @Nullable PromptScratch scratch;

    Scheduler(
            LoadedModel loaded,
            EngineOptions options,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges,
            @Nullable StoredPrefixes stored) {
        this(loaded, options, queue, live, listener, gauges, stored, new StepCosts());
    }

    /** @param costs learns what decodes take */
    Scheduler(
            LoadedModel loaded,
            EngineOptions options,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges,
            @Nullable StoredPrefixes stored,
            StepCosts costs) {
        this.queue = queue;
        this.listener = listener;
        this.gauges = gauges;
        Context context = loaded.context;
        boolean sharedCells = options.context().kvUnified();
        pauseTimeoutNanos = options.pauseTimeout().toNanos();
        int sequences = context.maxSequences();
        cache = new SlotTable(
                context.memory(),
                sequences,
                !sharedCells,
                loaded.model.slidingWindow(),
                loaded.model.recurrent(),
                stored);
        PromptBudget budget =
                new PromptBudget(options.promptBudget(), options.stepTarget().toNanos());
        scratch = PromptScratch.of(context, options, cache, gauges);
        planner = new Planner(context.batchSize(), context.maxOutputs(), sequences, budget, scratch);
        plan = new Plan(sequences);
        aside = new Plan(sequences);
        speculation = (options.promptLookup() || loaded.draft != null) && cache.rewindable()
                ? new Speculation(loaded, options.promptLookup(), costs, sharedCells)
                : null;
        filling = cache.rewindable() ? new RowFilling(context, costs, sharedCells) : null;
        shift = options.contextShift() ? new ContextShift(loaded, cache) : null;
        releases = new Releases(cache, live, gauges);
        admission = new Admission(loaded, cache, queue, releases, listener, sharedCells, stored);
        decode = new DecodeStep(
                loaded,
                cache,
                scratch,
                budget,
                costs,
                new TokenOutput(loaded, releases, listener),
                releases,
                new Preemption(cache, queue, releases, listener),
                listener);
    }

    /**
     * One round.
     *
     * @return false if there was nothing to compute
     */
    boolean step() {
        long begin = System.nanoTime();
        dropCancelled(begin);
        if (scratch != null) {
            scratch.tidy();
        }
        admission.admit();
        if (scratch != null) {
            scratch.deliverForks();
        }
        if (shift != null) {
            shift.apply();
        }
        planner.plan(cache.slots(), plan, aside);
        if (aside.size > 0) {
            decode.computeAside(aside, plan);
        }
        // Beside a prompt guesses would hold that up, and texts would come in bursts far apart.
        if (speculation != null && aside.size == 0) {
            speculation.extend(plan);
        }
        if (filling != null) {
            filling.fill(plan, cache.slots());
        }
        gauges.publish(cache);
        if (plan.size > 0) {
            decode.execute(plan);
        } else if (aside.size == 0) {
            return false;
        }
        listener.schedulerStep(System.nanoTime() - begin);
        return true;
    }

    /** All sequences, to be looked at only. */
    Slot[] slots() {
        return cache.slots();
    }

    /** Cells of a sequence's prompt that is computed beside the served context. */
    int scratchCells(int sequence) {
        return scratch == null ? 0 : scratch.cells(sequence);
    }

    /** Gives up what finished requests have left. */
    void evictIdle() {
        while (cache.evict()) {
            // until nothing is left
        }
    }

    /** Whether a request has a sequence. */
    boolean busy() {
        for (Slot slot : cache.slots()) {
            if (!slot.idle()) {
                return true;
            }
        }
        return false;
    }

    /** Nanoseconds until some request's time is up; {@link Long#MAX_VALUE} if none has a limit. */
    long nanosToTimeout() {
        long now = System.nanoTime();
        long nearest = queue.nanosToDeadline(now);
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = slot.owner;
            if (owner != null) {
                nearest = Math.min(nearest, owner.nanosToDeadline(now));
                if (owner.paused()) {
                    nearest = Math.min(nearest, pauseTimeoutNanos - owner.pausedNanos(now));
                }
            }
        }
        return Math.max(1, nearest);
    }

    /** Puts what finished requests have left into files, if there is a place for them. */
    void keepIdle() {
        if (scratch != null) {
            scratch.tidy();
        }
        cache.keepIdle();
    }

    /** Ends everything, waiting requests included, and frees what they hold. */
    void endAll(FinishReason reason, String message) {
        for (ActiveRequest request : queue.close()) {
            releases.finish(request, reason, null, message);
        }
        for (Slot slot : cache.slots()) {
            if (slot.owner != null) {
                releases.finish(slot.owner, reason, null, message);
            }
        }
    }

    /** Stops what is computed beside the served context; any thread. */
    void requestAbort() {
        if (scratch != null) {
            scratch.requestAbort();
        }
    }

    @Override
    public void close() {
        if (scratch != null) {
            scratch.close();
        }
    }

    private void dropCancelled(long now) {
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = slot.owner;
            if (owner == null) {
                continue;
            }
            if (owner.cancelReason() == null && owner.pausedNanos(now) > pauseTimeoutNanos) {
                owner.cancel("The client read too slowly.");
            }
            if (owner.toBeDropped(now)) {
                drop(owner);
            }
        }
        if (queue.size() > 0) {
            for (ActiveRequest request : queue.removeIf(r -> r.toBeDropped(now))) {
                drop(request);
            }
        }
    }

    private void drop(ActiveRequest request) {
        String reason = request.cancelReason();
        if (reason == null) {
            releases.finish(request, FinishReason.TIMEOUT, null, "The request's timeout is over.");
        } else {
            releases.finish(request, FinishReason.CANCELLED, null, reason);
        }
    }
}
