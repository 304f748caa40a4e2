package org.kvant.codec;

import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Importances as calibration gives them, and such as hurt. */
enum Importance {
    NONE,
    ONES,
    UNIFORM,
    WIDE,
    ZEROS,
    EMPTY_BLOCKS,
    TINY,
    LARGE;

    float @Nullable [] values(Random r, int columns) {
        if (this == NONE) {
            return null;
        }
        float[] values = new float[columns];
        for (int i = 0; i < columns; i++) {
            values[i] = switch (this) {
                case NONE, ZEROS -> 0;
                case ONES -> 1;
                case UNIFORM -> r.nextFloat();
                case WIDE -> (float) Math.exp(r.nextGaussian() * 3);
                case EMPTY_BLOCKS -> i / 32 % 3 == 0 || r.nextInt(5) == 0 ? 0 : r.nextFloat();
                case TINY -> r.nextFloat() * 1e-30f;
                case LARGE -> r.nextFloat() * 1e12f;
            };
        }
        return values;
    }
}
