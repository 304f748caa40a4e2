package org.kvant.allocate;

/**
 * One way to store a tensor.
 *
 * @param bytes that it takes in the file
 * @param loss what it costs, not negative; any unit, the same for all tensors
 * @param time that a token spends on it; any unit, the same for all tensors
 */
record Option(long bytes, double loss, double time) {
    Option {
        if (bytes < 0 || !(loss >= 0) || !(time >= 0) || Double.isInfinite(loss) || Double.isInfinite(time)) {
            throw new IllegalArgumentException(bytes + " bytes, loss " + loss + ", time " + time);
        }
    }
}
