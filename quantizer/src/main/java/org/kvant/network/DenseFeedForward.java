package org.kvant.network;

import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Workers;

/** down(f(gate(x)) · up(x)). */
final class DenseFeedForward implements FeedForward {
    private final LayerPlan plan;
    private final boolean gelu;
    private final Projection projection;
    private final Workers workers;
    private final float[] gate;
    private final float[] up;
    private final float[] hidden;

    DenseFeedForward(LayerPlan plan, HyperParameters parameters, Projection projection, Workers workers, int rows) {
        this.plan = plan;
        this.gelu = parameters.architecture().gemma();
        this.projection = projection;
        this.workers = workers;
        this.gate = new float[rows * plan.gate().rows()];
        this.up = new float[gate.length];
        this.hidden = new float[gate.length];
    }

    @Override
    public void forward(Rows rows, float[] x, float[] y, @Nullable LinearTap tap) {
        hidden(rows, x, tap);
        projection.forward(plan.down(), rows, hidden, y, tap);
    }

    @Override
    public void prepare(Rows rows, float[] x) {
        hidden(rows, x, null);
    }

    private void hidden(Rows rows, float[] x, @Nullable LinearTap tap) {
        projection.forward(plan.gate(), rows, x, gate, tap);
        projection.forward(plan.up(), rows, x, up, tap);
        Gating.forward(gelu, rows.count() * plan.gate().rows(), gate, up, hidden, workers);
    }

    @Override
    public void backward(Backward back, float[] x, float[] dY, float[] dX) {
        int length = back.rows().count() * plan.gate().rows();
        float[] dGate = new float[length];
        float[] dUp = new float[length];
        projection.backward(plan.down(), back, hidden, dY, dGate, false);
        Gating.backward(gelu, length, gate, up, dGate, dGate, dUp, workers);
        projection.backward(plan.gate(), back, x, dGate, dX, false);
        projection.backward(plan.up(), back, x, dUp, dX, true);
    }
}
