package org.kvant.allocate;

import org.jspecify.annotations.Nullable;

/**
 * What a quantized model may cost: one of the first three or none, and a speed or none.
 *
 * @param bytes of the file, null for any
 * @param bitsPerWeight of all weights on average, null for any
 * @param divergence the most nats of KL divergence a token, null for any
 * @param speed the least speed of decoding as a fraction of that with the fastest types, null for any
 */
public record Budget(
        @Nullable Long bytes,
        @Nullable Double bitsPerWeight,
        @Nullable Double divergence,
        @Nullable Double speed) {
    /** None: types are chosen otherwise. */
    public static final Budget NONE = new Budget(null, null, null, null);

    public Budget {
        int limits = (bytes == null ? 0 : 1) + (bitsPerWeight == null ? 0 : 1) + (divergence == null ? 0 : 1);
        if (limits > 1) {
            throw new IllegalArgumentException("a size, bits per weight and a divergence exclude each other; name one");
        }
        if (bytes != null && bytes <= 0) {
            throw new IllegalArgumentException("a size of " + bytes + " bytes can't be");
        }
        positive("bits per weight", bitsPerWeight);
        positive("divergence", divergence);
        positive("speed", speed);
        if (speed != null && speed > 1) {
            throw new IllegalArgumentException(
                    "a speed of " + speed + " of the fastest choice can't be; it is from 0 to 1");
        }
    }

    private static void positive(String what, @Nullable Double value) {
        if (value != null && !(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the " + what + " must be positive, not " + value);
        }
    }

    /** Whether there is anything to choose types by. */
    public boolean given() {
        return bytes != null || bitsPerWeight != null || divergence != null || speed != null;
    }
}
