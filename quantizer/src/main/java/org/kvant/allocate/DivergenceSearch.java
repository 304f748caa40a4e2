package org.kvant.allocate;

import java.io.IOException;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the smallest file that keeps to a divergence: the predicted curve is corrected by what a candidate really costs, then the size is
 * bracketed and narrowed, the logarithm of the divergence taken as linear in bytes between two that were measured.
 */
final class DivergenceSearch {
    /** A measured divergence from here to 1 of the budget is near enough. */
    private static final double NEAR = 0.9;

    /** What is aimed at, so that small errors do not end above the budget. */
    private static final double AIM = 0.955;

    private static final int STEPS = 12;

    private final Allocator allocator;
    private final @Nullable Double speed;
    private final Measure measure;
    private final NavigableMap<Long, Double> above = new TreeMap<>();
    private final NavigableMap<Long, Double> below = new TreeMap<>();
    private @Nullable Allocation best;

    /** Measures the true divergence of an allocation. */
    interface Measure {
        double divergence(Allocation allocation) throws IOException;
    }

    DivergenceSearch(Allocator allocator, @Nullable Double speed, Measure measure) {
        this.allocator = allocator;
        this.speed = speed;
        this.measure = measure;
    }

    /**
     * @param first where to start
     * @throws AllocateException if no candidate keeps to it
     */
    Allocation run(Allocation first, double wanted) throws IOException {
        Allocation next = first;
        for (int step = 0; step < STEPS; step++) {
            double true1 = measure.divergence(next);
            if (true1 <= wanted) {
                below.put(next.fileBytes(), true1);
                if (best == null || next.fileBytes() < best.fileBytes()) {
                    best = next;
                }
                if (true1 >= NEAR * wanted) {
                    break;
                }
            } else {
                above.put(next.fileBytes(), true1);
            }
            Allocation tried = next(next, true1, wanted);
            if (tried == null || tried.types().equals(next.types())) {
                break;
            }
            next = tried;
        }
        if (best == null) {
            double least = above.isEmpty() ? Double.NaN : above.lastEntry().getValue();
            throw new AllocateException(String.format(
                    Locale.ROOT,
                    "a divergence of %.4g nats can't be had: with %,d bytes it is still %.4g; ask for that or more,"
                            + " or allow larger types with --types",
                    wanted,
                    above.isEmpty() ? 0 : above.lastKey(),
                    least));
        }
        return best;
    }

    /** The next choice to measure; null if nothing is left between what is too small and what is enough. */
    private @Nullable Allocation next(Allocation last, double measured, double wanted) throws IOException {
        if (above.isEmpty() || below.isEmpty()) {
            double corrected = AIM * wanted * last.loss() / Math.max(measured, 1e-12);
            Allocation next = allocator.forLoss(corrected, speed);
            if (!next.types().equals(last.types())) {
                return next;
            }
            // The curve has an end here.
            return null;
        }
        long small = above.lastKey();
        long large = below.firstKey();
        double high = Math.log(above.lastEntry().getValue());
        double low = Math.log(Math.max(below.firstEntry().getValue(), 1e-12));
        double share = high > low ? (high - Math.log(AIM * wanted)) / (high - low) : 0.5;
        long bytes = small + (long) ((large - small) * Math.clamp(share, 0.05, 0.95));
        if (large - small <= 1024) {
            return null;
        }
        return allocator.forBytes(bytes, speed);
    }
}
