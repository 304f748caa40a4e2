package org.kvant.engine.speculation;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cost.StepCosts;

/** Adds guessed tokens to a plan of streams only: they cost little there, and their decodes tell what decodes of that size take. */
public final class Speculation {
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
     * @param batchSize most tokens of a decode
     * @param maxOutputs most of them with logits
     * @param sequences of the context
     * @param model proposes tokens as well; null for none
     * @param lookup whether tokens are also proposed from the texts themselves
     * @param sharedCells whether all sequences are in one buffer
     */
    public Speculation(
            int batchSize,
            int maxOutputs,
            int sequences,
            @Nullable DraftModel model,
            boolean lookup,
            StepCosts costs,
            boolean sharedCells) {
        this.sharedCells = sharedCells;
        this.batchSize = batchSize;
        this.maxOutputs = maxOutputs;
        this.costs = costs;
        this.lookup = lookup;
        this.model = model;
        lookedUp = new int[sequences];
        wanted = new int[sequences];
    }

    /**
     * Proposes tokens for the streams of a decode.
     *
     * @param requests in order of their sequences
     * @param size how many of them
     * @param tokens of the decode so far
     * @param counts gets how many tokens are proposed for each; which ones is in its {@link Drafting}
     */
    public void propose(SpeculativeRequest[] requests, int size, int tokens, int[] counts) {
        int room = Math.min(batchSize, maxOutputs) - tokens;
        int batch = tokens;
        boolean onePass = onePass(size);
        boolean any = false;
        for (int i = 0; i < size; i++) {
            SpeculativeRequest request = requests[i];
            Drafting drafting = request.drafting();
            lookedUp[i] = 0;
            wanted[i] = 0;
            drafting.lookedUp = Drafting.NONE;
            int most = Math.min(room, request.proposable());
            if (!request.speculates() || most <= 0) {
                continue;
            }
            if (lookup) {
                int available = drafting.lookup.guess(request.tokens(), drafting.proposed, most);
                drafting.lookedUp = available > 0 ? drafting.proposed[0] : Drafting.NONE;
                lookedUp[i] = drafting.lookupPolicy.length(available, batch, costs, onePass);
            }
            if (model != null) {
                wanted[i] = byModel(model, request, most, batch, size, lookedUp[i]);
            }
            any |= wanted[i] > 0;
            // Where the model isn't ready after all, what was looked up is taken.
            int count = Math.max(wanted[i], lookedUp[i]);
            room -= count;
            if (onePass) {
                batch += count;
            }
        }
        if (model != null && any) {
            model.guess(requests, size, wanted);
        }
        for (int i = 0; i < size; i++) {
            Drafting drafting = requests[i].drafting();
            DraftPolicy byModel = drafting.modelPolicy;
            boolean modelled = byModel != null && wanted[i] > 0;
            drafting.policy = byModel != null && modelled ? byModel : drafting.lookupPolicy;
            counts[i] = modelled ? wanted[i] : lookedUp[i];
        }
    }

    /** With a buffer for each sequence llama.cpp computes what one has more than the others in a pass of its own (split_equal). */
    private boolean onePass(int streams) {
        return sharedCells || streams == 1;
    }

    /** How many tokens the model shall guess; 0 where look-up promises more. */
    private int byModel(
            DraftModel drafter, SpeculativeRequest request, int most, int batch, int streams, int lookedUp) {
        if (!drafter.canFollow(request.tokens())) {
            return 0;
        }
        int available = Math.min(most, drafter.options.most());
        Drafting drafting = request.drafting();
        DraftPolicy policy = drafting.modelPolicy;
        if (policy == null) {
            policy = DraftPolicy.ofModel(drafter.history);
            drafting.modelPolicy = policy;
        }
        if (drafter.options.always()) {
            return available;
        }
        int length = policy.length(available, batch, drafter.nanosPerGuess(streams, costs), costs, onePass(streams));
        if (length == 0 || (lookedUp > 0 && policy.gain() <= drafting.lookupPolicy.gain())) {
            return 0;
        }
        int missing = drafter.missing(request);
        if (policy.gain() == 0) {
            return missing <= MOST_READ_TO_PROBE ? length : 0;
        }
        double saved = policy.gain() * costs.nanos(batch) * Math.min(HORIZON, request.remaining());
        return missing <= length + 1 || saved > missing * drafter.nanosPerPromptToken(costs) ? length : 0;
    }
}
