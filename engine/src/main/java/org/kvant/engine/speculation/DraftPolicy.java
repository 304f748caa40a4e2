package org.kvant.engine.speculation;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.settings.DraftOptions;

/**
 * How many tokens to guess for one request by one kind of guess: as many as promise the most tokens a second, by how often its guesses came true,
 * by what decodes of each size take and by what a guess itself costs. Belongs to the decode thread.
 */
public final class DraftPolicy {
    /** Most tokens guessed at once. */
    static final int MOST = DraftOptions.LIMIT;
    /** Of a draft model, before the first guess. */
    private static final double PRIOR = 0.5;
    /** Older guesses count less: a text may turn from quoting to inventing. */
    private static final double FADING = 0.9;
    /** What guessing has to promise: less is lost in what times and chances are known to. */
    private static final double WORTH_WHILE = 1.05;
    /** What all requests have seen of a model changes slowly. */
    private static final double SLOW_FADING = 0.999;
    /** What decodes of other sizes take changes with the machine's load: a short guess now and then looks anew, and costs little. */
    private static final int RETRY_AFTER = 32;

    private final GuessChances chances;
    private final @Nullable DraftPolicy general;
    private final int probe;
    private int probes;
    private int silent;
    private double gain;

    private DraftPolicy(GuessChances chances, @Nullable DraftPolicy general, int probe, int probes) {
        this.chances = chances;
        this.general = general;
        this.probe = probe;
        this.probes = probes;
    }

    /** For guesses that cost nothing to make: they are tried again and again. */
    public DraftPolicy() {
        this(GuessChances.lookedUp(FADING), null, 1, Integer.MAX_VALUE);
    }

    /** What all requests together learn about a draft model. */
    public static DraftPolicy general() {
        return new DraftPolicy(GuessChances.uniform(PRIOR, SLOW_FADING), null, 1, 0);
    }

    /** For one request's guesses by a model, beginning with what others have seen; where that doesn't pay they are tried once. */
    public static DraftPolicy ofModel(DraftPolicy general) {
        return new DraftPolicy(GuessChances.uniform(general.chances.next(0), FADING), general, 4, 1);
    }

    /**
     * The length that promises most; asked once a step.
     *
     * @param available tokens that could be guessed
     * @param batch tokens that the decode has anyway; without those that others guess unless they are in the same pass
     * @param guessNanos what making a guess of one token costs, in the unit of {@code costs}
     * @param onePass whether the decode takes one pass over the weights even if its sequences have unequal numbers of tokens
     */
    public int length(int available, int batch, double guessNanos, StepCosts costs, boolean onePass) {
        int most = Math.min(available, MOST);
        gain = 0;
        if (most <= 0) {
            return 0;
        }
        double expected = 0;
        double power = 1;
        int best = 0;
        double plain = batch / costs.nanos(batch);
        double bestRate = WORTH_WHILE * plain;
        for (int length = 1; length <= most; length++) {
            power *= chances.next(length - 1);
            expected += power;
            if (length < most && !whole(onePass ? batch + length : length)) {
                continue;
            }
            double nanos = onePass ? costs.nanos(batch + length) : costs.nanos(batch) + costs.nanos(length);
            double rate = (batch + expected) / (nanos + length * guessNanos);
            if (rate > bestRate) {
                bestRate = rate;
                best = length;
            }
        }
        gain = best == 0 ? 0 : 1 - plain / bestRate;
        // What a size of decode takes is learnt from single passes only; how good looked-up guesses are shows without
        // computing them.
        boolean learns = onePass || guessNanos > 0;
        if (best == 0 && learns && ++silent >= RETRY_AFTER && probes > 0) {
            probes--;
            best = Math.min(most, probe);
        }
        if (best > 0) {
            silent = 0;
        }
        return best;
    }

    /** Few rows, or a multiple of those that the kernels multiply together: others are hardly cheaper than the next of these. */
    private static boolean whole(int rows) {
        return rows <= StepCosts.ROWS || rows % StepCosts.ROWS == 0;
    }

    /** As {@link #length(int, int, double, StepCosts, boolean)} for guesses that cost nothing. */
    public int length(int available, int batch, StepCosts costs, boolean onePass) {
        return length(available, batch, 0, costs, onePass);
    }

    /** Part of the time that the last length promises to save; 0 if it is only to learn something. */
    public double gain() {
        return gain;
    }

    /** Learns what came of a guess, whether it was computed or only compared with what was sampled. Tokens behind the first wrong one say nothing. */
    public void learn(int drafted, int accepted) {
        chances.learn(drafted, accepted);
        if (general != null) {
            general.learn(drafted, accepted);
        }
    }
}
