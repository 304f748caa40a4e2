package org.kvant.engine;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.BackendAbortedException;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.DecodeException;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.LlamaException;
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
    private final Batch batch;
    private final PrefixCache cache;
    private final Planner planner;
    private final PromptBudget budget;
    private final AdmissionQueue queue;
    private final LiveRequests live;
    private final EngineListener listener;
    private final Gauges gauges;
    private final boolean sharedCells;
    private final long pauseTimeoutNanos;
    private final Plan plan;
    private final Plan single = new Plan(1);

    Scheduler(
            LoadedModel loaded,
            EngineOptions options,
            AdmissionQueue queue,
            LiveRequests live,
            EngineListener listener,
            Gauges gauges) {
        this.loaded = loaded;
        this.queue = queue;
        this.live = live;
        this.listener = listener;
        this.gauges = gauges;
        context = loaded.context;
        batch = loaded.batch;
        sharedCells = options.context().kvUnified();
        pauseTimeoutNanos = options.pauseTimeout().toNanos();
        int sequences = context.maxSequences();
        cache = new SlotTable(context.memory(), sequences, !sharedCells, loaded.model.slidingWindow());
        budget = new PromptBudget(options.promptBudget(), options.stepTarget().toNanos());
        planner = new Planner(context.batchSize(), sequences, budget);
        plan = new Plan(sequences);
    }

    /**
     * One round.
     *
     * @return false if there was nothing to compute
     */
    boolean step() {
        long begin = System.nanoTime();
        dropCancelled();
        admit();
        planner.plan(cache.slots(), plan);
        gauges.publish(cache);
        if (plan.size == 0) {
            return false;
        }
        execute(plan);
        listener.schedulerStep(System.nanoTime() - begin);
        return true;
    }

    /** All sequences, to be looked at only. */
    Slot[] slots() {
        return cache.slots();
    }

    /** Whether a request has a sequence. */
    boolean busy() {
        return busySlots() > 0;
    }

    /** Nanoseconds until a paused request's time is up; {@link Long#MAX_VALUE} if none is paused. */
    long nanosToPauseTimeout() {
        long now = System.nanoTime();
        long nearest = Long.MAX_VALUE;
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = slot.owner;
            if (owner != null && owner.paused()) {
                nearest = Math.min(nearest, Math.max(1, pauseTimeoutNanos - owner.pausedNanos(now)));
            }
        }
        return nearest;
    }

    /** Ends everything, waiting requests included, and frees what they hold. */
    void endAll(FinishReason reason, String message) {
        for (ActiveRequest request : queue.close()) {
            finish(request, reason, null, message);
        }
        for (Slot slot : cache.slots()) {
            if (slot.owner != null) {
                finish(slot.owner, reason, null, message);
            }
        }
    }

    private void dropCancelled() {
        long now = System.nanoTime();
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = slot.owner;
            if (owner == null) {
                continue;
            }
            if (owner.cancelReason() == null && owner.pausedNanos(now) > pauseTimeoutNanos) {
                owner.cancel("The client read too slowly.");
            }
            if (owner.cancelReason() != null) {
                finish(owner, FinishReason.CANCELLED, null, owner.cancelReason());
            }
        }
        if (queue.size() > 0) {
            for (ActiveRequest request : queue.removeIf(r -> r.cancelReason() != null)) {
                finish(request, FinishReason.CANCELLED, null, request.cancelReason());
            }
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
            queue.poll();
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
            request.sampler = Samplers.create(loaded, request.request, request.tokens);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (RuntimeException e) {
            log.error("Request {}: no sampler", request.id(), e);
            finish(request, FinishReason.ERROR, null, "The sampler couldn't be made: " + e.getMessage());
        }
    }

    private void execute(Plan work) {
        fillBatch(work);
        long begin = System.nanoTime();
        DecodeResult result;
        try {
            result = context.decode(batch);
        } catch (DecodeException e) {
            decodeFailed(work, e);
            return;
        }
        switch (result) {
            case DecodeResult.Ok ok -> {
                long nanos = System.nanoTime() - begin;
                budget.measured(work.promptTokens, nanos);
                listener.decodeStep(work.tokens, work.promptTokens, work.size, nanos);
                advance(work);
            }
            case DecodeResult.NoSlot noSlot -> makeRoom(work);
            // Someone wants to stop; what is to be dropped is dropped in the next step.
            case DecodeResult.Aborted aborted -> rollBack(work);
        }
    }

    private void fillBatch(Plan work) {
        batch.clear();
        for (int i = 0; i < work.size; i++) {
            ActiveRequest request = work.requests[i];
            Slot slot = Objects.requireNonNull(request.slot);
            int last = slot.cells + work.counts[i] - 1;
            boolean complete = last == request.tokens.size() - 1;
            for (int position = slot.cells; position <= last; position++) {
                boolean output = complete && position == last;
                int index = batch.add(request.tokens.get(position), position, slot.sequence, output);
                if (output) {
                    work.outputs[i] = index;
                }
            }
        }
    }

    private void advance(Plan work) {
        for (int i = 0; i < work.size; i++) {
            Objects.requireNonNull(work.requests[i].slot).cells += work.counts[i];
        }
        for (int i = 0; i < work.size; i++) {
            if (work.outputs[i] >= 0) {
                sample(work.requests[i], work.outputs[i]);
            }
        }
    }

    private void sample(ActiveRequest request, int batchIndex) {
        if (request.sampled == 0) {
            request.prefillNanos = System.nanoTime() - request.startNanos;
            listener.prefillFinished(request.id(), request.prefillNanos, request.promptTokens, request.cachedTokens);
            if (request.limit == 0) {
                finish(request, FinishReason.LENGTH, null, null);
                return;
            }
        }
        int token;
        try {
            token = Objects.requireNonNull(request.sampler).sample(context, batchIndex);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException e) {
            log.error("Request {}: sampling failed", request.id(), e);
            discard(request);
            finish(request, FinishReason.ERROR, null, "Sampling failed: " + e.getMessage());
            return;
        }
        long now = System.nanoTime();
        request.tokens.add(token);
        if (++request.sampled == 1) {
            request.firstTokenNanos = now;
            listener.firstToken(request.id(), now - request.submitNanos);
        } else {
            listener.token(request.id(), now - request.lastTokenNanos);
        }
        request.lastTokenNanos = now;
        emit(request, token);
    }

    private void emit(ActiveRequest request, int token) {
        String text = request.text.append(loaded.vocab.piece(token, false));
        String stop = request.text.matchedStop();
        boolean ended = stop != null || loaded.vocab.isEog(token);
        boolean last = ended || request.sampled >= request.limit;
        if (last && stop == null) {
            text += request.text.finish();
        }
        if (!text.isEmpty()) {
            try {
                request.sink.onText(text, token);
            } catch (RuntimeException e) {
                log.warn("Request {}: its sink failed, so it is given up", request.id(), e);
                finish(request, FinishReason.CANCELLED, null, "The receiver failed: " + e);
                return;
            }
        }
        if (last) {
            finish(request, ended ? FinishReason.STOP : FinishReason.LENGTH, stop, null);
        }
    }

    /** No cells for the batch, and nothing of it was computed: empty an idle sequence, else send the youngest request back to the queue. */
    private void makeRoom(Plan work) {
        if (cache.evict()) {
            execute(work);
            return;
        }
        if (busySlots() > 1) {
            preempt(youngest());
            return; // The next step plans anew.
        }
        ActiveRequest request = work.requests[0];
        int count = work.counts[0];
        if (count > 1) {
            work.clear();
            work.add(request, count / 2);
            execute(work);
            return;
        }
        discard(request);
        finish(request, FinishReason.ERROR, null, "The context is full after " + request.tokens.size() + " tokens.");
    }

    private ActiveRequest youngest() {
        ActiveRequest youngest = null;
        for (Slot slot : cache.slots()) {
            ActiveRequest owner = slot.owner;
            if (owner != null && (youngest == null || owner.startNanos - youngest.startNanos > 0)) {
                youngest = owner;
            }
        }
        return Objects.requireNonNull(youngest);
    }

    private void preempt(ActiveRequest request) {
        log.debug("Request {}: out of cells, computed again later", request.id());
        discard(request);
        queue.returnToFront(request);
        listener.requestPreempted(request.id());
    }

    /** The library failed. One of several requests may be the cause, so each is tried alone; one that fails alone is given up. */
    private void decodeFailed(Plan work, DecodeException e) {
        listener.decodeFailed(e);
        rollBack(work);
        if (work.size == 1) {
            ActiveRequest request = work.requests[0];
            log.error("Request {}: decoding failed", request.id(), e);
            discard(request);
            finish(request, FinishReason.ERROR, null, "Decoding failed: " + e.getMessage());
            return;
        }
        log.warn("Decoding {} requests together failed; trying them one by one", work.size, e);
        for (int i = 0; i < work.size; i++) {
            ActiveRequest request = work.requests[i];
            if (request.slot == null) {
                continue; // Pre-empted for lack of cells while its neighbours were tried.
            }
            single.clear();
            single.add(request, Math.min(work.counts[i], request.pending()));
            execute(single);
        }
    }

    /** Forgets what a decode that stopped halfway may have left behind. */
    private void rollBack(Plan work) {
        for (int i = 0; i < work.size; i++) {
            Slot slot = Objects.requireNonNull(work.requests[i].slot);
            cache.truncate(slot, slot.cells);
        }
    }

    private void discard(ActiveRequest request) {
        cache.discard(Objects.requireNonNull(request.slot));
        request.slot = null;
    }

    /** Frees what the request holds, then tells its sink. */
    private void finish(ActiveRequest request, FinishReason reason, @Nullable String stop, @Nullable String error) {
        if (request.sampler != null) {
            request.sampler.close();
            request.sampler = null;
        }
        if (request.slot != null) {
            cache.release(request.slot);
            request.slot = null;
        }
        gauges.publish(cache);
        live.end(request, reason, stop, error);
    }

    private int busySlots() {
        int busy = 0;
        for (Slot slot : cache.slots()) {
            busy += slot.idle() ? 0 : 1;
        }
        return busy;
    }
}
