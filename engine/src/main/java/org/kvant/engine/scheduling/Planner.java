package org.kvant.engine.scheduling;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cost.PromptBudget;

/**
 * Decides what the next decode computes: the next token of every running stream, then as much of the prompts as the {@link PromptBudget} has room for, so that a
 * long prompt can't hold up streams or those who come after it. Which prompts, {@link PromptOrder} says.
 */
final class Planner {
    private final int batchSize;
    private final int maxOutputs;
    private final PromptBudget budget;
    private final PromptOrder order;
    /** Of each sequence: tokens that it could use, and those that it gets. */
    private final int[] wants;

    private final int[] shares;
    private final @Nullable PromptScratch scratch;

    /**
     * @param maxOutputs most tokens of a batch with logits, at least one for each sequence
     * @param scratch where long prompts are computed; null for the served context
     */
    Planner(int batchSize, int maxOutputs, int sequences, PromptBudget budget, @Nullable PromptScratch scratch) {
        this.scratch = scratch;
        this.batchSize = batchSize;
        this.maxOutputs = maxOutputs;
        this.budget = budget;
        order = new PromptOrder(sequences);
        wants = new int[sequences];
        shares = new int[sequences];
    }

    /**
     * Fills the plans in order of sequence numbers, which lets llama.cpp compute neighbours together. Paused requests are left out.
     *
     * @param aside what the {@link PromptScratch} computes
     */
    void plan(Slot[] slots, Plan plan, Plan aside) {
        plan.clear();
        aside.clear();
        order.clear();
        int streaming = 0;
        int outputs = maxOutputs - slots.length;
        boolean alone = busy(slots) == 1;
        for (int i = 0; i < slots.length; i++) {
            ActiveRequest request = ActiveRequest.in(slots[i]);
            wants[i] = 0;
            shares[i] = 0;
            if (request == null) {
                continue;
            }
            request.scratch().wanted = false;
            if (request.paused()) {
                continue;
            }
            if (request.streaming()) {
                shares[i] = 1;
                streaming++;
            } else {
                wants[i] = wants(slots[i], request, alone);
                if (request.needsPromptLogprobs()) {
                    wants[i] = Math.min(wants[i], 1 + outputs);
                    outputs -= wants[i] - 1;
                }
                order.add(i, request.request.priority(), request.clock.submitNanos, budget.nanos(request.pending()));
            }
        }
        int room = batchSize - streaming;
        int left = budget.tokens(streaming, order.size(), room);
        int most = streaming == 0 ? room : Math.min(room, budget.maximum());
        int taken = 0;
        for (int place = 0; place < order.size() && left > 0; place++) {
            int i = order.get(place);
            shares[i] = share(wants[i], left, place == 0, most - taken);
            ActiveRequest request = ActiveRequest.in(slots[i]);
            if (request != null && request.scratch().wanted && shares[i] < wants[i]) {
                shares[i] = Math.min(wants[i], whole(shares[i], place == 0));
            }
            left -= shares[i];
            taken += shares[i];
        }
        for (int i = 0; i < slots.length; i++) {
            ActiveRequest request = ActiveRequest.in(slots[i]);
            if (shares[i] > 0 && request != null) {
                add(slots[i], request, shares[i], plan, aside);
            }
        }
    }

    private static int busy(Slot[] slots) {
        int busy = 0;
        for (Slot slot : slots) {
            busy += slot.idle() ? 0 : 1;
        }
        return busy;
    }

    /** Tokens that a prompt could use in this step. */
    private int wants(Slot slot, ActiveRequest request, boolean alone) {
        int done = Math.max(slot.cells, request.scratch().computed);
        int end = request.tokens.size();
        if (scratch != null && scratch.takes(slot, request, alone)) {
            request.scratch().wanted = true;
            end--;
        }
        return (slot.forkAt > done ? Math.min(end, slot.forkAt) : end) - done;
    }

    /** The scratch computes as many tokens as fit one after the other into tiles; fewer than a tile take as long. */
    private int whole(int share, boolean first) {
        if (share >= PromptScratch.TILE) {
            return share - share % PromptScratch.TILE;
        }
        return first && budget.allows(PromptScratch.TILE) ? PromptScratch.TILE : share;
    }

    private void add(Slot slot, ActiveRequest request, int share, Plan plan, Plan aside) {
        if (scratch != null && request.scratch().wanted && scratch.begin(slot, request)) {
            int count = Math.min(share, scratch.batchSize() - aside.tokens);
            if (count > 0) {
                aside.add(request, count);
            }
        } else {
            request.scratch().wanted = false;
            plan.add(request, share);
        }
    }

    /**
     * What one prompt gets of what is left. A piece costs a pass over the weights, however small it is: the end of a prompt comes along if it is less than half of
     * what goes before, and a small beginning waits for the next step.
     *
     * @param wanted tokens that the prompt still needs
     * @param left of the step's budget
     * @param first whether it is the step's first prompt, which always gets on
     * @param room the most that it may get, whatever its time
     */
    static int share(int wanted, int left, boolean first, int room) {
        if (wanted <= left + left / 2 && wanted <= room) {
            return wanted;
        }
        return left < PromptBudget.MINIMUM && !first ? 0 : Math.min(wanted, left);
    }
}
