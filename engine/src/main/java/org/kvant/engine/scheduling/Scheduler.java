package org.kvant.engine.scheduling;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cells.SlotTable;
import org.kvant.engine.cells.StoredPrefixes;
import org.kvant.engine.cost.PromptBudget;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.speculation.Speculation;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.Gauges;

/**
 * Continuous batching on the decode thread: each {@link #step} drops what was cancelled, admits what fits, decodes one batch and hands out the
 * sampled tokens.
 */
public final class Scheduler implements AutoCloseable {
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
    /** Of each request of the plan: tokens that speculation proposes. */
    private final int[] proposed;

    private final Releases releases;
    private final DecodeStep decode;
    private final @Nullable ContextShift shift;
    /** Null where sequences can't be cut back, as after a wrong guess. */
    private final @Nullable Speculation speculation;
    /** Null where rows can't be taken back. */
    private final @Nullable RowFilling filling;
    /** Null where prompts gain nothing by it. */
    private final @Nullable PromptScratch scratch;

    /**
     * @param stored prompts in files; null for none
     * @param costs learns what decodes take
     */
    public Scheduler(
            DecodeTarget target,
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
        boolean sharedCells = target.sharedCells();
        pauseTimeoutNanos = options.pauseTimeout().toNanos();
        int sequences = target.maxSequences();
        cache = new SlotTable(
                target.memory(), sequences, !sharedCells, target.slidingWindow(), target.recurrent(), stored);
        PromptBudget budget =
                new PromptBudget(options.promptBudget(), options.stepTarget().toNanos());
        scratch = target.scratch(cache, gauges);
        planner = new Planner(target.batchSize(), target.maxOutputs(), sequences, budget, scratch);
        plan = new Plan(sequences);
        aside = new Plan(sequences);
        proposed = new int[sequences];
        speculation = (options.promptLookup() || target.draft() != null) && cache.rewindable()
                ? new Speculation(
                        target.batchSize(),
                        target.maxOutputs(),
                        sequences,
                        target.draft(),
                        options.promptLookup(),
                        costs,
                        sharedCells)
                : null;
        filling = cache.rewindable() ? new RowFilling(target, costs, sharedCells) : null;
        shift = options.contextShift() ? new ContextShift(target, cache) : null;
        releases = new Releases(cache, live, gauges);
        admission = new Admission(target, cache, queue, releases, listener, sharedCells, stored);
        decode = new DecodeStep(
                target,
                cache,
                scratch,
                budget,
                costs,
                new TokenOutput(target, releases, listener),
                releases,
                new Preemption(cache, queue, releases, listener),
                listener);
    }

    /**
     * One round.
     *
     * @return false if there was nothing to compute
     */
    public boolean step() {
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
            speculate(speculation);
        }
        if (filling != null) {
            filling.fill(plan, cache.slots());
        }
        CellGauges.publish(cache, gauges);
        if (plan.size > 0) {
            decode.execute(plan);
        } else if (aside.size == 0) {
            return false;
        }
        listener.schedulerStep(System.nanoTime() - begin);
        return true;
    }

    /** Streams only: proposed tokens cost little there, and their decodes tell what decodes of that size take. */
    private void speculate(Speculation by) {
        if (plan.promptTokens > 0) {
            return;
        }
        by.propose(plan.requests, plan.size, plan.tokens, proposed);
        for (int i = 0; i < plan.size; i++) {
            if (proposed[i] > 0) {
                plan.speculate(i, proposed[i]);
            }
        }
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
    public boolean busy() {
        for (Slot slot : cache.slots()) {
            if (!slot.idle()) {
                return true;
            }
        }
        return false;
    }

    /** Nanoseconds until some request's time is up; {@link Long#MAX_VALUE} if none has a limit. */
    public long nanosToTimeout() {
        long now = System.nanoTime();
        long nearest = queue.nanosToDeadline(now);
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = ActiveRequest.in(slot);
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
    public void keepIdle() {
        if (scratch != null) {
            scratch.tidy();
        }
        cache.keepIdle();
    }

    /** Ends everything, waiting requests included, and frees what they hold. */
    public void endAll(FinishReason reason, String message) {
        for (ActiveRequest request : queue.close()) {
            releases.finish(request, reason, null, message);
        }
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = ActiveRequest.in(slot);
            if (owner != null) {
                releases.finish(owner, reason, null, message);
            }
        }
    }

    /** Stops what is computed beside the served context; any thread. */
    public void requestAbort() {
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
            ActiveRequest owner = ActiveRequest.in(slot);
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
