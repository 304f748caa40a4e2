package org.kvant.network;

import java.util.Random;

/** The seed of this run's random values: printed, and settable with {@code -Dkvant.seed=N}. */
final class Seed {

    static final long VALUE = Long.getLong("kvant.seed", System.nanoTime());

    static {
        System.out.println("network tests: -Dkvant.seed=" + VALUE);
    }

    private Seed() {}

    /** A generator of its own for each place, so that one test alone sees the same values. */
    static Random random(Object place) {
        return new Random(VALUE * 31 + place.toString().hashCode());
    }
}
