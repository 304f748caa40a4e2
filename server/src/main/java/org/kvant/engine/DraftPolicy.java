package org.kvant.engine;

/**
 * How many tokens to guess for one request: as many as promise the most tokens a second, by how often its guesses came true and by what decodes of
 * each size take. Belongs to the decode thread.
 */
final class DraftPolicy {
    static final int MOST = 16;
    /** What is known before the first guess: a repeated n-gram goes on as before about every second time. */
    private static final double PRIOR = 0.5;

    private static final double PRIOR_WEIGHT = 4;
    /** Older guesses count less: a text may turn from quoting to inventing. */
    private static final double FADING = 0.9;

    /** What decodes of other sizes take changes with the machine's load: a short guess now and then looks anew, and costs little. */
    private static final int RETRY_AFTER = 32;

    private double tried = PRIOR_WEIGHT;
    private double hit = PRIOR * PRIOR_WEIGHT;
    private int silent;

    /**
     * @param available tokens that could be guessed
     * @param batch tokens that the decode has anyway
     * @param onePass whether the decode takes one pass over the weights even if its sequences have unequal numbers of tokens
     */
    int length(int available, int batch, StepCosts costs, boolean onePass) {
        int most = Math.min(available, MOST);
        if (most <= 0) {
            return 0;
        }
        double chance = hit / tried;
        double expected = 0;
        double power = 1;
        int best = 0;
        double bestRate = batch / costs.nanos(batch);
        for (int length = 1; length <= most; length++) {
            power *= chance;
            expected += power;
            double nanos = onePass ? costs.nanos(batch + length) : costs.nanos(batch) + costs.nanos(length);
            double rate = (batch + expected) / nanos;
            if (rate > bestRate) {
                bestRate = rate;
                best = length;
            }
        }
        if (best == 0 && ++silent >= RETRY_AFTER) {
            best = 1;
        }
        if (best > 0) {
            silent = 0;
        }
        return best;
    }

    /** Learns what came of a guess, whether it was computed or only compared with what was sampled. Tokens behind the first wrong one say nothing. */
    void learn(int drafted, int accepted) {
        int looked = Math.min(drafted, accepted + 1);
        double fade = Math.pow(FADING, looked);
        tried = tried * fade + looked;
        hit = hit * fade + accepted;
    }
}
