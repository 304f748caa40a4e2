package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.CellMemory;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cost.PromptBudget;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.speculation.Drafting;
import org.kvant.engine.watch.DecodeEvent;
import org.kvant.engine.watch.EngineListener;
import org.kvant.llama.Batch;
import org.kvant.llama.DecodeException;
import org.kvant.llama.DecodeResult;

/** Carries out a plan: one batch, one decode, then the outputs; and what to do when the decode fails. Belongs to the decode thread. */
final class DecodeStep {
    private final DecodeTarget target;
    private final Batch batch;
    private final PrefixCache cache;
    private final @Nullable PromptScratch scratch;
    private final PromptBudget budget;
    private final StepCosts costs;
    private final TokenOutput output;
    private final Releases releases;
    private final Preemption preemption;
    private final EngineListener listener;
    private final boolean sharedCells;
    private final Plan single = new Plan(1);

    DecodeStep(
            DecodeTarget target,
            PrefixCache cache,
            @Nullable PromptScratch scratch,
            PromptBudget budget,
            StepCosts costs,
            TokenOutput output,
            Releases releases,
            Preemption preemption,
            EngineListener listener) {
        this.target = target;
        sharedCells = target.sharedCells();
        batch = new Batch(target.batchSize());
        this.cache = cache;
        this.scratch = scratch;
        this.budget = budget;
        this.costs = costs;
        this.output = output;
        this.releases = releases;
        this.preemption = preemption;
        this.listener = listener;
    }

    /**
     * Computes prompts in the scratch. Those that are complete but for their last token go on in the served context at once.
     *
     * @param work of requests that have begun there
     * @param next gets the last tokens
     */
    void computeAside(Plan work, Plan next) {
        PromptScratch place = Objects.requireNonNull(scratch);
        long begin = System.nanoTime();
        DecodeEvent event = new DecodeEvent();
        event.begin();
        int fillers = place.compute(work.requests, work.counts, work.size);
        if (fillers == PromptScratch.NOTHING) {
            return;
        }
        work.fillerRows = fillers;
        long nanos = System.nanoTime() - begin;
        commit(event, work);
        budget.measured(work.promptTokens, nanos);
        listener.decodeStep(work.tokens, work.promptTokens, work.size, nanos);
        for (int i = 0; i < work.size; i++) {
            ActiveRequest request = work.requests[i];
            Slot slot = Objects.requireNonNull(request.slot);
            if (request.scratch().computed == request.tokens.size() - 1 && place.deliver(slot, request)) {
                next.insert(request, 1);
            }
        }
    }

    private static void commit(DecodeEvent event, Plan work) {
        if (event.shouldCommit()) {
            event.tokens = work.tokens;
            event.promptTokens = work.promptTokens;
            event.sequences = work.size;
            event.fillerRows = work.fillerRows;
            event.commit();
        }
    }

    void execute(Plan work) {
        fillBatch(work);
        long begin = System.nanoTime();
        DecodeEvent event = new DecodeEvent();
        event.begin();
        DecodeResult result;
        try {
            result = target.decode(batch);
        } catch (DecodeException e) {
            decodeFailed(work, e);
            return;
        }
        switch (result) {
            case DecodeResult.Ok ok -> {
                long nanos = System.nanoTime() - begin;
                commit(event, work);
                int others = work.tokens - work.promptTokens;
                long beyond =
                        others == 0 ? nanos : nanos - Math.min(nanos / 2, (long) costs.nanos(others + work.idleCount));
                budget.measured(work.promptTokens, beyond);
                if (work.promptTokens == 0 && (sharedCells || work.size == 1 || !work.guesses())) {
                    costs.measured(work.tokens + work.fillerRows, nanos);
                }
                listener.decodeStep(work.tokens, work.promptTokens, work.size, nanos);
                forgetFillers(work);
                advance(work);
            }
            case DecodeResult.NoSlot noSlot -> makeRoom(work);
            // Someone wants to stop; what is to be dropped is dropped in the next step.
            case DecodeResult.Aborted aborted -> rollBack(work);
        }
    }

    private void fillBatch(Plan work) {
        batch.clear();
        // Any token would do; with one that is computed anyway a mixture of experts asks few experts more.
        int filler = work.requests[0].tokens.get(0);
        int idle = 0;
        int extra = work.extraOutputs;
        for (int i = 0; i < work.size; i++) {
            ActiveRequest request = work.requests[i];
            Slot slot = Objects.requireNonNull(request.slot);
            while (idle < work.idleCount && work.idle[idle].sequence < slot.sequence) {
                addIdle(work.idle[idle++], filler, extra-- > 0);
            }
            int end = slot.cells + work.counts[i];
            boolean complete = end == request.tokens.size();
            work.outputs[i] = request.needsPromptLogprobs() ? work.counts[i] : complete ? 1 : 0;
            for (int position = slot.cells; position < end; position++) {
                boolean wanted = position >= end - work.outputs[i];
                if (position == slot.cells && !wanted) {
                    wanted = extra-- > 0;
                }
                work.lastIndex[i] = batch.add(request.tokens.get(position), position, slot.sequence, wanted);
            }
            for (int k = 0; k < work.drafts[i]; k++) {
                int unused = batch.add(request.drafting.proposed[k], end + k, slot.sequence, true);
            }
            for (int k = 0; k < work.fillers[i]; k++) {
                int unused = batch.add(filler, end + work.drafts[i] + k, slot.sequence, extra-- > 0);
            }
        }
        while (idle < work.idleCount) {
            addIdle(work.idle[idle++], filler, extra-- > 0);
        }
    }

    private void addIdle(Slot slot, int token, boolean logits) {
        int unused = batch.add(token, slot.cells, slot.sequence, logits);
    }

    /** Takes the cells of rows that nobody wants out of the memory, before anything else looks at it. */
    private void forgetFillers(Plan work) {
        for (int i = 0; i < work.idleCount; i++) {
            cache.truncate(work.idle[i], work.idle[i].cells);
        }
        for (int i = 0; i < work.size; i++) {
            if (work.fillers[i] > 0) {
                Slot slot = Objects.requireNonNull(work.requests[i].slot);
                boolean removed = target.memory()
                        .removeRange(slot.sequence, slot.cells + work.counts[i] + work.drafts[i], CellMemory.END);
                if (!removed) {
                    throw new IllegalStateException("Sequence " + slot.sequence + " can't be cut back.");
                }
            }
        }
    }

    private void advance(Plan work) {
        for (int i = 0; i < work.size; i++) {
            Objects.requireNonNull(work.requests[i].slot).cells += work.counts[i];
        }
        for (int i = 0; i < work.size; i++) {
            ActiveRequest request = work.requests[i];
            Slot slot = Objects.requireNonNull(request.slot);
            boolean goesOn = true;
            if (request.needsPromptLogprobs()) {
                for (int back = work.outputs[i] - 1; back >= 0 && goesOn; back--) {
                    goesOn = output.prompt(request, slot.cells - 1 - back, work.lastIndex[i] - back);
                }
            }
            if (goesOn && work.outputs[i] > 0 && request.pending() == 0) {
                sample(request, slot, work.lastIndex[i], work.drafts[i]);
            }
        }
    }

    /**
     * Samples the next token, and further ones as long as they are those that were guessed: then their logits are the right ones. So each token is
     * drawn from the model's own distribution, whatever was guessed (speculative sampling with a guess that is certain of itself).
     */
    private void sample(ActiveRequest request, Slot slot, int index, int drafts) {
        int place = request.tokens.size();
        Drafting drafting = request.drafting;
        int before = drafting.accepted();
        drafting.checking(drafts);
        boolean goesOn = true;
        boolean right = true;
        for (int i = 0; i <= drafts && goesOn && right; i++) {
            if (i > 0) {
                slot.cells++;
            }
            int accepted = drafting.accepted();
            drafting.expect(i, drafts);
            goesOn = output.sample(request, index + i);
            right = drafting.accepted() > accepted;
        }
        int accepted = drafting.accepted() - before;
        if (drafts > 0) {
            if (accepted < drafts || !goesOn) {
                cache.truncate(slot, slot.cells);
            }
            listener.speculated(request.id(), drafts, accepted);
        }
        drafting.checked(drafts, accepted, place < request.tokens.size() ? request.tokens.get(place) : Drafting.NONE);
    }

    /** No cells for the batch, and nothing of it was computed: empty an idle sequence, else send a request back to the queue. */
    private void makeRoom(Plan work) {
        if (work.dropFillers() || work.dropDrafts() || cache.evict()) {
            execute(work);
            return;
        }
        if (preemption.preemptOne()) {
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
        releases.fail(request, "The context is full after " + request.tokens.size() + " tokens.");
    }

    /** The library failed. One of several requests may be the cause, so each is tried alone; one that fails alone is given up. */
    private void decodeFailed(Plan work, DecodeException e) {
        listener.decodeFailed(e);
        rollBack(work);
        if (work.size == 1) {
            ActiveRequest request = work.requests[0];
            LOG.error("Request {}: decoding failed", request.id(), e);
            releases.fail(request, "Decoding failed: " + e.getMessage());
            return;
        }
        LOG.warn("Decoding {} requests together failed; trying them one by one", work.size, e);
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
        for (int i = 0; i < work.idleCount; i++) {
            cache.truncate(work.idle[i], work.idle[i].cells);
        }
    }
}
