package org.kvant.engine.speculation;

import java.util.Arrays;

/**
 * How likely a guessed token is the right one, by how many were right before it without a break: who quotes goes on quoting, and a count that goes
 * wrong now and then says little about that. Belongs to the decode thread.
 */
final class GuessChances {
    /** What is assumed counts as so many guesses. */
    private static final double PRIOR_WEIGHT = 4;
    /** From how many right guesses on a class of its own begins. */
    private static final int[] STREAKS = {0, 1, 4, 8};
    /** Of look-up, before anything is known: a repeated n-gram goes on as before about every second time. */
    private static final double[] LOOKED_UP = {0.4, 0.6, 0.8, 0.9};

    private final double[] tried;
    private final double[] hit;
    private final double fading;
    private int streak;

    private GuessChances(double fading, double... priors) {
        this.fading = fading;
        tried = new double[priors.length];
        Arrays.fill(tried, PRIOR_WEIGHT);
        hit = Arrays.stream(priors).map(prior -> prior * PRIOR_WEIGHT).toArray();
    }

    /** @param fading older guesses count less with each new one */
    static GuessChances lookedUp(double fading) {
        return new GuessChances(fading, LOOKED_UP);
    }

    /** The same whatever went before. */
    static GuessChances uniform(double prior, double fading) {
        return new GuessChances(fading, prior);
    }

    /** Of the next guess but {@code ahead}, if those before it are right. */
    double next(int ahead) {
        int kind = kind(streak + ahead);
        return hit[kind] / tried[kind];
    }

    /** Takes in what came of a guess. Tokens behind the first wrong one say nothing. */
    void learn(int drafted, int accepted) {
        for (int i = 0; i < accepted; i++) {
            learn(1);
            streak++;
        }
        if (accepted < drafted) {
            learn(0);
            streak = 0;
        }
    }

    private void learn(int right) {
        int kind = kind(streak);
        tried[kind] = tried[kind] * fading + 1;
        hit[kind] = hit[kind] * fading + right;
    }

    private int kind(int right) {
        int kind = tried.length - 1;
        while (STREAKS[kind] > right) {
            kind--;
        }
        return kind;
    }
}
