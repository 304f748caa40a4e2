package org.kvant.engine;

import org.kvant.grammar.GrammarException;
import org.kvant.llama.BackendAbortedException;
import org.kvant.llama.Context;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching on the decode thread: each {@link #step} drops what was cancelled, admits what fits, decodes one batch and hands out the
 * sampled tokens.
 */
final class Scheduler {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final LoadedModel loaded;
    private final Context context;
    private final PrefixCache cache;
    private final Planner planner;
    private final AdmissionQueue queue;
    private final EngineListener listener;
    private final Gauges gauges;
    private final boolean sharedCells;
    private final long pauseTimeoutNanos;
    private final Plan plan;
    private final Releases releases;
    private final DecodeStep decode;

    Scheduler(
            LoadedModel loaded,
            EngineOptions options,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges) {
        this.loaded = loaded;
        this.queue = queue;
        this.listener = listener;
        this.gauges = gauges;
        context = loaded.context;
        sharedCells = options.context().kvUnified();
        pauseTimeoutNanos = options.pauseTimeout().toNanos();
        int sequences = context.maxSequences();
        cache = new SlotTable(context.memory(), sequences, !sharedCells, loaded.model.slidingWindow());
        PromptBudget budget =
                new PromptBudget(options.promptBudget(), options.stepTarget().toNanos());
        planner = new Planner(context.batchSize(), context.maxOutputs(), sequences, budget);
        plan = new Plan(sequences);
        releases = new Releases(cache, live, gauges);
        decode = new DecodeStep(
                loaded,
                cache,
                budget,
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
        admit();
        planner.plan(cache.slots(), plan);
        gauges.publish(cache);
        if (plan.size == 0) {
            return false;
        }
        decode.execute(plan);
        listener.schedulerStep(System.nanoTime() - begin);
        return true;
    }

    /** All sequences, to be looked at only. */
    Slot[] slots() {
        return cache.slots();
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

    private void admit() {
        for (ActiveRequest next = queue.peek(); next != null; next = queue.peek()) {
            if (!fits(next)) {
                return;
            }
            Slot slot = cache.acquire(next);
            if (slot == null) {
                return;
            }
            queue.remove(next);
            next.slot = slot;
            if (!next.started) {
                begin(next, slot);
            }
        }
    }

    /** With shared cells a request waits until its tokens fit beside those of the running ones, unless it would be alone. */
    private boolean fits(ActiveRequest next) {
        if (!sharedCells) {
            return true;
        }
        long needed = next.tokens.size() + 1L;
        boolean alone = true;
        for (Slot slot : cache.slots()) {
            if (slot.owner != null) {
                needed += slot.owner.tokens.size() + 1L;
                alone = false;
            }
        }
        return alone || needed <= context.contextSize();
    }

    private void begin(ActiveRequest request, Slot slot) {
        request.started = true;
        request.startNanos = System.nanoTime();
        request.cachedTokens = slot.cells;
        listener.requestStarted(request.id(), request.startNanos - request.submitNanos);
        try {
            request.sampler = new RequestSampler(loaded, request.request, request.tokens);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (GrammarException e) {
            releases.finish(request, FinishReason.ERROR, null, e.getMessage());
        } catch (RuntimeException e) {
            log.error("Request {}: no sampler", request.id(), e);
            releases.finish(request, FinishReason.ERROR, null, "The sampler couldn't be made: " + e.getMessage());
        }
    }
}
