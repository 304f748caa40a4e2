package org.kvant.engine.speculation;

import org.jspecify.annotations.Nullable;

/** What one request's proposals are and how good they were. Belongs to the decode thread. */
public final class Drafting {
    /** No token. */
    public static final int NONE = -1;

    /** Proposed tokens that the next decode checks; how many there are stands in the plan. */
    public final int[] proposed = new int[DraftPolicy.MOST];

    final PromptLookup lookup = new PromptLookup();
    final DraftPolicy lookupPolicy = new DraftPolicy();

    /** For proposals by a draft model; made when there may be some. */
    @Nullable
    DraftPolicy modelPolicy;

    /** Which of the two learns what comes of the proposals that are under way. */
    DraftPolicy policy = lookupPolicy;

    /** What look-up proposes for the next token, if it does: this tells how good its proposals are, even if none is computed. */
    int lookedUp = NONE;

    /** What the token sampled next is compared with. */
    private int expected = NONE;

    private int drafted;
    private int accepted;

    /** Tokens proposed so far. */
    public int drafted() {
        return drafted;
    }

    /** Those of them that were sampled. */
    public int accepted() {
        return accepted;
    }

    /** So many proposed tokens are about to be compared with what is sampled. */
    public void checking(int tokens) {
        drafted += tokens;
    }

    /** The next token to be sampled is compared with the {@code index}th proposed one; with none if there are only so many. */
    public void expect(int index, int proposals) {
        expected = index < proposals ? proposed[index] : NONE;
    }

    /** Counted where the token is sampled: a request that ends with it is told how many there were. */
    public void sampled(int token) {
        if (token == expected) {
            accepted++;
        }
    }

    /**
     * All proposed tokens were compared.
     *
     * @param proposals how many there were
     * @param right how many of them were sampled
     * @param first the first token that was sampled; {@link #NONE} if there was none
     */
    public void checked(int proposals, int right, int first) {
        expected = NONE;
        if (proposals > 0) {
            policy.learn(proposals, right);
        }
        if (lookedUp != NONE && first != NONE && (proposals == 0 || policy != lookupPolicy)) {
            lookupPolicy.learn(1, first == lookedUp ? 1 : 0);
        }
        lookedUp = NONE;
    }

    /** The text was cut: what was indexed of it doesn't hold any more. */
    public void forgetText() {
        lookup.forget();
    }
}
