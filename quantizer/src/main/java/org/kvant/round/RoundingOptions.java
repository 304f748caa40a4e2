package org.kvant.round;

/**
 * Parameters of calibrated rounding.
 *
 * @param feedback whether the error of a column is fed into the columns after it (LDLQ, which is GPTQ up to the order; Frantar et
 *     al. 2022, Chee et al. 2023); otherwise the start is the importance-weighted codec
 * @param sweeps sweeps of coordinate descent (QuantEase, Behdin et al. 2023), each with a refit of the scales; 0 for none
 * @param refit whether sweeps refit scales
 * @param damping what is added to the diagonal of H, as a fraction of its mean
 * @param clip by how many standard deviations of its block a weight may be moved by feedback before it is rounded; infinity for
 *     no bound
 * @param weightPower scales are fitted under {@code D^p · H_jj^(1-p)}, D being what feedback leaves of the diagonal
 * @param order in which columns are rounded
 * @param threads to work with, at least 1
 * @param plain whether the codec without importance is measured, too, for comparison
 */
public record RoundingOptions(
        boolean feedback,
        int sweeps,
        boolean refit,
        double damping,
        double clip,
        double weightPower,
        ColumnOrder order,
        int threads,
        boolean plain) {

    /** What was best over several models: feedback in natural order and two sweeps. */
    public static final RoundingOptions DEFAULT =
            new RoundingOptions(true, 2, true, 0.01, 6, 1, ColumnOrder.NATURAL, 1, false);

    public RoundingOptions {
        check(sweeps >= 0 && sweeps <= 1000, "sweeps", sweeps, "from 0 to 1000");
        check(damping > 0 && damping <= 1e6, "damping", damping, "positive");
        check(clip > 0, "clip", clip, "positive");
        check(weightPower >= 0 && weightPower <= 1, "weightPower", weightPower, "from 0 to 1");
        check(threads >= 1 && threads <= 4096, "threads", threads, "from 1 to 4096");
    }

    private static void check(boolean ok, String name, Object value, String range) {
        if (!ok) {
            throw new RoundException("rounding option " + name + " is " + value + "; it must be " + range);
        }
    }

    public RoundingOptions withFeedback(boolean on) {
        return new RoundingOptions(on, sweeps, refit, damping, clip, weightPower, order, threads, plain);
    }

    public RoundingOptions withSweeps(int n) {
        return new RoundingOptions(feedback, n, refit, damping, clip, weightPower, order, threads, plain);
    }

    public RoundingOptions withRefit(boolean on) {
        return new RoundingOptions(feedback, sweeps, on, damping, clip, weightPower, order, threads, plain);
    }

    public RoundingOptions withDamping(double fraction) {
        return new RoundingOptions(feedback, sweeps, refit, fraction, clip, weightPower, order, threads, plain);
    }

    public RoundingOptions withClip(double deviations) {
        return new RoundingOptions(feedback, sweeps, refit, damping, deviations, weightPower, order, threads, plain);
    }

    public RoundingOptions withWeightPower(double p) {
        return new RoundingOptions(feedback, sweeps, refit, damping, clip, p, order, threads, plain);
    }

    public RoundingOptions withOrder(ColumnOrder columns) {
        return new RoundingOptions(feedback, sweeps, refit, damping, clip, weightPower, columns, threads, plain);
    }

    public RoundingOptions withThreads(int n) {
        return new RoundingOptions(feedback, sweeps, refit, damping, clip, weightPower, order, n, plain);
    }

    public RoundingOptions withPlain(boolean on) {
        return new RoundingOptions(feedback, sweeps, refit, damping, clip, weightPower, order, threads, on);
    }
}
