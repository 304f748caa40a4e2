package org.kvant.quantize;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;

/**
 * Second moments of a matrix's inputs, {@code columns × columns} each.
 *
 * @param training of the chunks that were not held out
 * @param held of those that were; null if none was
 * @param used what weights are rounded under in the end
 */
record InputMoments(float[] training, float @Nullable [] held, float[] used) {

    /** @param holdOut whether what was held out takes no part in {@link #used} */
    static InputMoments of(MomentSource statistics, String name, int matrix, boolean holdOut) throws IOException {
        float[] used = holdOut ? statistics.training(name, matrix) : statistics.moment(name, matrix);
        return statistics.hasHeldOut()
                ? new InputMoments(statistics.training(name, matrix), statistics.heldOut(name, matrix), used)
                : new InputMoments(used, null, used);
    }
}
