package org.kvant.monitoring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Upper bounds of a histogram's buckets, ascending, in the metric's base unit, without {@code +Inf}.
 *
 * <p>Bounds are Renard's preferred numbers (ISO 3): evenly spaced on a logarithmic scale, and the same digits in every
 * decade. A quantile is interpolated inside one bucket, so its error is at most the bucket's width: 12 % with R20, 26 %
 * with R10, typically a third of it. What users feel is therefore held in R20 where it usually falls.
 */
public final class Buckets {
    private static final double[] R5 = {1, 1.6, 2.5, 4, 6.3};
    private static final double[] R10 = {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8};
    private static final double[] R20 = {
        1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9
    };

    static final Buckets NONE = new Buckets(new double[0]);

    /** Between tokens, seconds: 100 µs to 100 s, finest from 1 ms to 1 s. */
    static final Buckets TOKEN_SECONDS = new Builder()
            .decades(R5, -4, -3)
            .decades(R20, -3, 0)
            .decades(R5, 0, 2)
            .build();

    /** What a user waits for, seconds: 1 ms to 1000 s, finest from 10 ms to 100 s. */
    static final Buckets WAIT_SECONDS = new Builder()
            .decades(R10, -3, -2)
            .decades(R20, -2, 2)
            .decades(R5, 2, 3)
            .build();

    /** Phases of a request, seconds: 100 µs to 1000 s. */
    static final Buckets PHASE_SECONDS = new Builder()
            .decades(R5, -4, -3)
            .decades(R10, -3, 2)
            .decades(R5, 2, 3)
            .build();

    /** Making a prompt of a request, seconds: 10 µs to 100 s. */
    static final Buckets PREPARATION_SECONDS = new Builder().decades(R5, -5, 2).build();

    /** Tokens of a request: 1, 2, 5, 10 to a million. */
    static final Buckets REQUEST_TOKENS =
            new Builder().decades(new double[] {1, 2, 5}, 0, 6).build();

    /** Tokens of a batch: powers of two to 16384. */
    static final Buckets BATCH_TOKENS = new Buckets(
            IntStream.rangeClosed(0, 14).mapToDouble(exponent -> 1 << exponent).toArray());

    /** Sequences in a batch: one by one to 8, then coarser, to 256. */
    static final Buckets BATCH_SEQUENCES =
            new Buckets(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 128, 256});

    private final double[] bounds;

    private Buckets(double[] bounds) {
        this.bounds = bounds;
    }

    /** A copy of the bounds. */
    public double[] bounds() {
        return bounds.clone();
    }

    /** How many bounds there are; a histogram has one bucket more, up to {@code +Inf}. */
    public int size() {
        return bounds.length;
    }

    @Override
    public String toString() {
        return Arrays.toString(bounds);
    }

    private static final class Builder {
        private final List<Double> bounds = new ArrayList<>();

        /** Adds the series from 10^from up to, and not with, 10^to. */
        Builder decades(double[] series, int from, int to) {
            for (int decade = from; decade < to; decade++) {
                for (double number : series) {
                    bounds.add(scaled(number, decade));
                }
            }
            last = scaled(1, to);
            return this;
        }

        private double last;

        Buckets build() {
            bounds.add(last);
            return new Buckets(bounds.stream().mapToDouble(Double::doubleValue).toArray());
        }

        /** Through decimal digits: 3.15e-3 must read 0.00315 in an {@code le} label. */
        private static double scaled(double number, int decade) {
            return Double.parseDouble(number + "e" + decade);
        }
    }
}
