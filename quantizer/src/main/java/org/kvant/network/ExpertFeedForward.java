package org.kvant.network;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvant.linalg.FloatMath;
import org.kvant.linalg.Workers;

/**
 * A mixture of experts: each row goes through some of them, and their outputs are added up with the router's weights. The
 * backward pass computes the experts once more instead of keeping all their activations.
 */
final class ExpertFeedForward implements FeedForward {
    private static final FloatMath MATH = FloatMath.get();

    private final LayerPlan plan;
    private final Linear router;
    private final Projection projection;
    private final Workers workers;
    private final Routing routing;
    private final int used;
    private final int width;
    private final int size;
    private final float[] logits;
    private final int[] slots;
    private final Routed routed;

    /** The rows of one expert; the buffers grow as needed, because rows are seldom spread evenly. */
    private static final class Routed {
        Rows rows = new Rows(0, new int[0], new int[0]);
        float[] x = new float[0];
        float[] gate = new float[0];
        float[] up = new float[0];
        float[] hidden = new float[0];
        float[] y = new float[0];
    }

    ExpertFeedForward(
            LayerPlan plan,
            Linear router,
            HyperParameters parameters,
            Projection projection,
            Workers workers,
            int rows) {
        this.plan = plan;
        this.router = router;
        this.projection = projection;
        this.workers = workers;
        this.used = parameters.expertsUsed();
        this.width = parameters.width();
        this.size = plan.gate().rows();
        this.routing = new Routing(parameters.experts(), used, rows);
        this.logits = new float[rows * parameters.experts()];
        this.slots = new int[rows * used];
        this.routed = new Routed();
    }

    @Override
    public void prepare(Rows rows, float[] x) {
        route(rows, x, null);
    }

    private void route(Rows rows, float[] x, @Nullable LinearTap tap) {
        projection.forward(router, rows, x, logits, tap);
        routing.route(rows.count(), logits);
    }

    @Override
    public void forward(Rows rows, float[] x, float[] y, @Nullable LinearTap tap) {
        route(rows, x, tap);
        Arrays.fill(y, 0, rows.count() * width, 0);
        for (int expert = 0; expert < router.rows(); expert++) {
            int count = gather(expert, rows, x);
            if (count == 0) {
                continue;
            }
            compute(expert, tap);
            for (int i = 0; i < count; i++) {
                float weight = routing.weight(slots[i]);
                int at = slots[i] / used * width;
                for (int j = 0; j < width; j++) {
                    y[at + j] += weight * routed.y[i * width + j];
                }
            }
        }
    }

    private int gather(int expert, Rows rows, float[] x) {
        int count = routing.slots(expert, rows.count(), slots);
        if (routed.x.length < count * width) {
            routed.x = new float[count * width];
            routed.y = new float[count * width];
            routed.gate = new float[count * size];
            routed.up = new float[count * size];
            routed.hidden = new float[count * size];
        }
        int[] chunk = new int[count];
        int[] position = new int[count];
        for (int i = 0; i < count; i++) {
            int row = slots[i] / used;
            chunk[i] = rows.chunk()[row];
            position[i] = rows.position()[row];
            System.arraycopy(x, row * width, routed.x, i * width, width);
        }
        routed.rows = new Rows(count, chunk, position);
        return count;
    }

    private void compute(int expert, @Nullable LinearTap tap) {
        Rows rows = routed.rows;
        projection.forward(plan.gate(), expert, rows, routed.x, routed.gate, tap);
        projection.forward(plan.up(), expert, rows, routed.x, routed.up, tap);
        Gating.forward(false, rows.count() * size, routed.gate, routed.up, routed.hidden, workers);
        projection.forward(plan.down(), expert, rows, routed.hidden, routed.y, tap);
    }

    @Override
    public void backward(Backward back, float[] x, float[] dY, float[] dX) {
        int rows = back.rows().count();
        float[] dWeights = new float[rows * used];
        for (int expert = 0; expert < router.rows(); expert++) {
            int count = gather(expert, back.rows(), x);
            if (count == 0) {
                continue;
            }
            compute(expert, null);
            float[] dOut = new float[count * width];
            for (int i = 0; i < count; i++) {
                int at = slots[i] / used * width;
                float weight = routing.weight(slots[i]);
                dWeights[slots[i]] = MATH.dot(dY, at, routed.y, i * width, width);
                for (int j = 0; j < width; j++) {
                    dOut[i * width + j] = weight * dY[at + j];
                }
            }
            float[] dGate = new float[count * size];
            float[] dUp = new float[count * size];
            float[] dInput = new float[count * width];
            projection.backward(plan.down(), expert, routed.rows, back.tap(), routed.hidden, dOut, dGate, false);
            Gating.backward(false, count * size, routed.gate, routed.up, dGate, dGate, dUp, workers);
            projection.backward(plan.gate(), expert, routed.rows, back.tap(), routed.x, dGate, dInput, false);
            projection.backward(plan.up(), expert, routed.rows, back.tap(), routed.x, dUp, dInput, true);
            for (int i = 0; i < count; i++) {
                int at = slots[i] / used * width;
                for (int j = 0; j < width; j++) {
                    dX[at + j] += dInput[i * width + j];
                }
            }
        }
        float[] dLogits = new float[rows * router.rows()];
        routing.backward(rows, dWeights, dLogits);
        projection.backward(router, back, x, dLogits, dX, true);
    }
}
