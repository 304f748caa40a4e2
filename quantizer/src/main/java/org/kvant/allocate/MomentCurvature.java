package org.kvant.allocate;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;
import org.kvant.gguf.TensorInfo;

/** Second moments of inputs: losses are nats a token, to second order, if they are gradient-weighted, and relative errors else. */
public record MomentCurvature(MomentSource statistics) implements Curvature {
    @Override
    public float @Nullable [] moment(TensorInfo tensor, int matrix) throws IOException {
        return statistics.diagonal() ? null : training(tensor, matrix);
    }

    private float @Nullable [] training(TensorInfo tensor, int matrix) throws IOException {
        if (!statistics.has(tensor.name())) {
            return null;
        }
        if (statistics.columns(tensor.name()) != tensor.columns()) {
            throw new AllocateException(statistics.path() + ": tensor " + tensor.name() + " has "
                    + statistics.columns(tensor.name()) + " columns there, not " + tensor.columns()
                    + "; calibrate again");
        }
        return statistics.training(tensor.name(), matrix);
    }

    @Override
    public float @Nullable [] heldOut(TensorInfo tensor, int matrix) throws IOException {
        if (!statistics.hasHeldOut() || !statistics.has(tensor.name())) {
            return null;
        }
        float[] held = statistics.heldOut(tensor.name(), matrix);
        int columns = Math.toIntExact(tensor.columns());
        for (int j = 0; j < columns; j++) {
            if (held[j * columns + j] > 0) {
                return held;
            }
        }
        return null; // an expert that no held-out token was sent to
    }

    @Override
    public float @Nullable [] diagonal(TensorInfo tensor, int matrix) throws IOException {
        float[] moment = statistics.diagonal() ? training(tensor, matrix) : null;
        if (moment == null) {
            return null;
        }
        int columns = Math.toIntExact(tensor.columns());
        float[] diagonal = new float[columns];
        for (int j = 0; j < columns; j++) {
            diagonal[j] = moment[j * columns + j];
        }
        return diagonal;
    }

    @Override
    public boolean divergence() {
        return statistics.divergence();
    }

    @Override
    public String identity() throws IOException {
        return (divergence() ? "gradient " : "plain ") + statistics.identity();
    }
}
