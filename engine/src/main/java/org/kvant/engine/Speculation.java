package org.kvant.engine;

import org.jspecify.annotations.Nullable;

/** Adds guessed tokens to a plan of streams only: they cost little there, and their decodes tell what decodes of that size take. */
final class Speculation {
    /** How far a text of unknown length is believed to go on, in tokens. */
    private static final int HORIZON = 256;
    /** To find out whether guesses pay at all, a draft model isn't made to read more than this. */
    private static final int MOST_READ_TO_PROBE = 256;

    private final int batchSize;
    private final int maxOutputs;
    private final StepCosts costs;
    private final boolean sharedCells;
    private final boolean lookup;
    private final @Nullable DraftModel model;
    private final int[] lookedUp;
    private final int[] wanted;

    /**
     * @param lookup whether tokens are also guessed from the texts themselves
     * @param sharedCells whether all sequences are in one buffer
     */
    Speculation(LoadedModel loaded, boolean lookup, StepCosts costs, boolean sharedCells) {
        this.sharedCells = sharedCells;
        batchSize = loaded.context.batchSize();
        maxOutputs = loaded.context.maxOutputs();
        this.costs = costs;
        this.lookup = lookup;
        model = loaded.draft;
        lookedUp = new int[loaded.context.maxSequences()];
        wanted = new int[loaded.context.maxSequences()];
    }

    void extend(Plan plan) {
        if (plan.promptTokens > 0) {
            return;
        }
        int room = Math.min(batchSize, maxOutputs) - plan.tokens;
        int batch = plan.tokens;
        boolean any = false;
        for (int i = 0; i < plan.size; i++) {
            ActiveRequest request = plan.requests[i];
            lookedUp[i] = 0;
            wanted[i] = 0;
            request.lookedUp = ActiveRequest.NONE;
            int most = Math.min(room, request.guessable());
            if (!request.request.speculate() || most <= 0) {
                continue;
            }
            if (lookup) {
                int available = request.lookup.guess(request.tokens, request.draft, most);
                request.lookedUp = available > 0 ? request.draft[0] : ActiveRequest.NONE;
                lookedUp[i] = request.draftPolicy.length(available, batch, costs, onePass(plan));
            }
            if (model != null) {
                wanted[i] = byModel(model, request, most, batch, plan, lookedUp[i]);
            }
            any |= wanted[i] > 0;
            // Where the model isn't ready after all, what was looked up is taken.
            int count = Math.max(wanted[i], lookedUp[i]);
            room -= count;
            if (onePass(plan)) {
                batch += count;
            }
        }
        if (model != null && any) {
            model.guess(plan, wanted);
        }
        for (int i = 0; i < plan.size; i++) {
            ActiveRequest request = plan.requests[i];
            DraftPolicy byModel = request.modelPolicy;
            boolean modelled = byModel != null && wanted[i] > 0;
            request.guessedBy = byModel != null && modelled ? byModel : request.draftPolicy;
            int count = modelled ? wanted[i] : lookedUp[i];
            if (count > 0) {
                plan.speculate(i, count);
            }
        }
    }

    /** With a buffer for each sequence llama.cpp computes what one has more than the others in a pass of its own (split_equal). */
    private boolean onePass(Plan plan) {
        return sharedCells || plan.size == 1;
    }

    /** How many tokens the model shall guess; 0 where look-up promises more. */
    private int byModel(DraftModel drafter, ActiveRequest request, int most, int batch, Plan plan, int lookedUp) {
        if (!drafter.canFollow(request.tokens)) {
            return 0;
        }
        int available = Math.min(most, drafter.options.most());
        DraftPolicy policy = request.modelPolicy;
        if (policy == null) {
            policy = DraftPolicy.ofModel(drafter.history);
            request.modelPolicy = policy;
        }
        if (drafter.options.always()) {
            return available;
        }
        int length = policy.length(available, batch, drafter.nanosPerGuess(plan.size, costs), costs, onePass(plan));
        if (length == 0 || (lookedUp > 0 && policy.gain() <= request.draftPolicy.gain())) {
            return 0;
        }
        int missing = drafter.missing(request);
        if (policy.gain() == 0) {
            return missing <= MOST_READ_TO_PROBE ? length : 0;
        }
        double saved = policy.gain() * costs.nanos(batch) * Math.min(HORIZON, request.limit - request.sampled);
        return missing <= length + 1 || saved > missing * drafter.nanosPerPromptToken(costs) ? length : 0;
    }
}
