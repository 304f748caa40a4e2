package org.kvant.engine;

/** Adds guessed tokens to a plan of streams only: they cost little there, and their decodes tell what decodes of that size take. */
final class Speculation {
    private final int batchSize;
    private final int maxOutputs;
    private final StepCosts costs;
    private final boolean sharedCells;

    /** @param sharedCells whether all sequences are in one buffer */
    Speculation(int batchSize, int maxOutputs, StepCosts costs, boolean sharedCells) {
        this.batchSize = batchSize;
        this.maxOutputs = maxOutputs;
        this.costs = costs;
        this.sharedCells = sharedCells;
    }

    void extend(Plan plan) {
        if (plan.promptTokens > 0) {
            return;
        }
        for (int i = 0; i < plan.size; i++) {
            ActiveRequest request = plan.requests[i];
            if (!request.request.speculate()) {
                continue;
            }
            int room = Math.min(batchSize, maxOutputs) - plan.tokens;
            // The last token is sampled from the one before it; nothing is to follow it.
            int most = Math.min(room, request.limit - request.sampled - 1);
            request.guessed = false;
            if (most <= 0) {
                continue;
            }
            int available = request.lookup.guess(request.tokens, request.draft, most);
            request.guessed = available > 0;
            // With a buffer for each sequence llama.cpp computes what one has more than the others in a pass of its own
            // (split_equal).
            boolean onePass = sharedCells || plan.size == 1;
            plan.speculate(i, request.draftPolicy.length(available, plan.tokens, costs, onePass));
        }
    }
}
