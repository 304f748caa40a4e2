package org.kvant.engine;

/**
 * Decides what the next decode computes: the next token of every running stream, then parts of prompts. Prompts share what room there is fairly;
 * beside streams that room is {@link PromptBudget}, so that a long prompt can't hold them up; alone it is the whole batch.
 */
final class Planner {
    private final int batchSize;
    private final int maxOutputs;
    private final PromptBudget budget;
    private final int[] wants;
    private final int[] shares;
    private final boolean[] streams;
    private int turn;

    /** @param maxOutputs most tokens of a batch with logits, at least one for each sequence */
    Planner(int batchSize, int maxOutputs, int sequences, PromptBudget budget) {
        this.batchSize = batchSize;
        this.maxOutputs = maxOutputs;
        this.budget = budget;
        wants = new int[sequences];
        shares = new int[sequences];
        streams = new boolean[sequences];
    }

    /** Fills the plan in order of sequence numbers, which lets llama.cpp compute neighbours together. Paused requests are left out. */
    void plan(Slot[] slots, Plan plan) {
        plan.clear();
        int streaming = 0;
        int outputs = maxOutputs - slots.length;
        for (int i = 0; i < slots.length; i++) {
            ActiveRequest request = slots[i].owner;
            streams[i] = false;
            wants[i] = 0;
            if (request == null || request.paused()) {
                continue;
            }
            if (request.streaming()) {
                streams[i] = true;
                streaming++;
            } else {
                wants[i] = Math.min(request.pending(), slots[i].forkAt - slots[i].cells);
                if (request.needsPromptLogprobs()) {
                    wants[i] = Math.min(wants[i], 1 + outputs);
                    outputs -= wants[i] - 1;
                }
            }
        }
        int room = batchSize - streaming;
        FairShare.split(
                wants,
                slots.length,
                streaming > 0 ? Math.min(room, budget.tokens()) : room,
                turn % slots.length,
                shares);
        turn = turn + 1 & Integer.MAX_VALUE;
        for (int i = 0; i < slots.length; i++) {
            int count = streams[i] ? 1 : shares[i];
            ActiveRequest request = slots[i].owner;
            if (count > 0 && request != null) {
                plan.add(request, count);
            }
        }
    }
}
