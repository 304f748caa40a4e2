package org.kvant.allocate;

import java.util.Random;

/** Random numbers whose seed is printed and can be set with {@code -Dkvant.seed=N}. */
final class Seed {
    static final long VALUE = Long.getLong("kvant.seed", System.nanoTime());

    static {
        System.out.println("kvant.seed=" + VALUE);
    }

    private Seed() {}

    static Random random() {
        return new Random(VALUE);
    }
}
