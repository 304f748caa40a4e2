package org.kvant.network;

import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Matrices;

/** Products of activations with a layer's matrices, seen by the taps. */
final class Projection {
    private final LayerWeights weights;
    private final Matrices matrices;

    Projection(LayerWeights weights, Matrices matrices) {
        this.weights = weights;
        this.matrices = matrices;
    }

    /** y = x·Wᵀ + b. */
    void forward(Linear linear, Rows rows, float[] x, float[] y, @Nullable LinearTap tap) {
        forward(linear, 0, rows, x, y, tap);
        float @Nullable [] bias = weights.bias(linear);
        if (bias != null) {
            Elementwise.addToRows(rows.count(), linear.rows(), y, bias, matrices.workers());
        }
    }

    /** y = x·Wᵀ for one of the tensor's matrices. */
    void forward(Linear linear, int expert, Rows rows, float[] x, float[] y, @Nullable LinearTap tap) {
        if (tap != null) {
            tap.accept(linear, expert, rows, x, null);
        }
        matrices.multiply(
                false,
                true,
                rows.count(),
                linear.rows(),
                linear.columns(),
                1,
                x,
                0,
                linear.columns(),
                weights.get(linear.tensor()),
                expert * linear.rows() * linear.columns(),
                linear.columns(),
                0,
                y,
                0,
                linear.rows());
    }

    /** dX = dY·W, added to what {@code dX} holds if {@code add}; and the bias's gradient. */
    void backward(Linear linear, Backward back, float[] x, float[] dY, float[] dX, boolean add) {
        if (back.vectors() != null && weights.bias(linear) != null) {
            back.vectors()
                    .addBias(
                            TensorNames.bias(linear.tensor()),
                            back.rows().count(),
                            linear.rows(),
                            dY,
                            matrices.workers());
        }
        backward(linear, 0, back.rows(), back.tap(), x, dY, dX, add);
    }

    /** dX = dY·W for one of the tensor's matrices. */
    void backward(
            Linear linear,
            int expert,
            Rows rows,
            @Nullable LinearTap tap,
            float[] x,
            float[] dY,
            float[] dX,
            boolean add) {
        if (tap != null) {
            tap.accept(linear, expert, rows, x, dY);
        }
        matrices.multiply(
                false,
                false,
                rows.count(),
                linear.columns(),
                linear.rows(),
                1,
                dY,
                0,
                linear.rows(),
                weights.get(linear.tensor()),
                expert * linear.rows() * linear.columns(),
                linear.columns(),
                add ? 1 : 0,
                dX,
                0,
                linear.columns());
    }
}
