package org.kvant.network;

import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/**
 * One layer, forward and backward, for one group of chunks after the other. It holds the activations of one group, which a
 * backward pass needs from the forward pass before it. Not thread-safe.
 */
final class LayerPass {
    private final LayerPlan plan;
    private final LayerWeights weights;
    private final HyperParameters parameters;
    private final Projection projection;
    private final Workers workers;
    private final Rope rope;
    private final Attention attention;
    private final FeedForward feedForward;
    private final int width;
    private final int queries;
    private final int keys;

    /** The layer's input; the caller fills it. */
    final float[] input;

    /** The layer's output. */
    final float[] output;

    private final float[] normed;
    private final float[] inverse;
    private final float[] q;
    private final float[] k;
    private final float[] v;
    private final float[] rawQ;
    private final float[] rawK;
    private final float[] inverseQ;
    private final float[] inverseK;
    private final float[] attended;
    private final float[] projected;
    private final float[] inversePost;
    private final float[] middle;
    private final float[] middleNormed;
    private final float[] inverseMiddle;
    private final float[] fed;
    private final float[] inverseFed;

    /** @param rows the most that a group has */
    LayerPass(Network network, LayerPlan plan, LayerWeights weights, Rope rope, int rows, Matrices matrices) {
        this.plan = plan;
        this.weights = weights;
        this.parameters = network.parameters();
        this.projection = new Projection(weights, matrices);
        this.workers = matrices.workers();
        this.rope = rope;
        this.width = network.width();
        this.queries = plan.query().rows();
        this.keys = plan.key().rows();
        this.attention = new Attention(
                plan.heads(),
                plan.kvHeads(),
                parameters.headSize(),
                plan.sliding() ? parameters.window() : 0,
                parameters.attentionScale(),
                workers);
        this.feedForward = plan.router() == null
                ? new DenseFeedForward(plan, parameters, projection, workers, rows)
                : new ExpertFeedForward(plan, plan.router(), parameters, projection, workers, rows);
        this.input = new float[rows * width];
        this.output = new float[rows * width];
        this.normed = new float[rows * width];
        this.inverse = new float[rows];
        this.q = new float[rows * queries];
        this.k = new float[rows * keys];
        this.v = new float[rows * keys];
        boolean headNorms = plan.queryNorm() != null;
        this.rawQ = headNorms ? new float[rows * queries] : q;
        this.rawK = headNorms ? new float[rows * keys] : k;
        this.inverseQ = new float[headNorms ? rows * plan.heads() : 0];
        this.inverseK = new float[headNorms ? rows * plan.kvHeads() : 0];
        this.attended = new float[rows * queries];
        this.projected = new float[rows * width];
        this.inversePost = new float[rows];
        this.middle = new float[rows * width];
        this.middleNormed = new float[rows * width];
        this.inverseMiddle = new float[rows];
        this.fed = new float[rows * width];
        this.inverseFed = new float[rows];
    }

    /** Turns {@link #input} into {@link #output}. */
    void forward(Group group, @Nullable LinearTap tap) {
        untilFeedForward(group, tap);
        feedForward.forward(group.rows(), middleNormed, fed, tap);
        addNormed(plan.postFeedForwardNorm(), group.size(), fed, inverseFed, middle, output);
    }

    /** Computes from {@link #input} what {@link #backward} needs. */
    void prepare(Group group) {
        if (plan.postFeedForwardNorm() != null) {
            forward(group, null);
        } else {
            untilFeedForward(group, null);
            feedForward.prepare(group.rows(), middleNormed);
        }
    }

    private void untilFeedForward(Group group, @Nullable LinearTap tap) {
        Rows rows = group.rows();
        int count = rows.count();
        float epsilon = parameters.epsilon();
        Norm.forward(count, width, input, weights.get(plan.attentionNorm()), epsilon, normed, inverse, workers);
        projection.forward(plan.query(), rows, normed, rawQ, tap);
        projection.forward(plan.key(), rows, normed, rawK, tap);
        projection.forward(plan.value(), rows, normed, v, tap);
        headNorm(plan.queryNorm(), count * plan.heads(), rawQ, q, inverseQ);
        headNorm(plan.keyNorm(), count * plan.kvHeads(), rawK, k, inverseK);
        rope.rotate(count, plan.heads(), parameters.headSize(), q, rows.position(), false, workers);
        rope.rotate(count, plan.kvHeads(), parameters.headSize(), k, rows.position(), false, workers);
        attention.forward(group, q, k, v, attended);
        projection.forward(plan.output(), rows, attended, projected, tap);
        addNormed(plan.postAttentionNorm(), count, projected, inversePost, input, middle);
        Norm.forward(
                count,
                width,
                middle,
                weights.get(plan.feedForwardNorm()),
                epsilon,
                middleNormed,
                inverseMiddle,
                workers);
    }

    private void headNorm(@Nullable String norm, int rows, float[] raw, float[] normed, float[] inverses) {
        if (norm != null) {
            Norm.forward(
                    rows,
                    parameters.headSize(),
                    raw,
                    weights.get(norm),
                    parameters.epsilon(),
                    normed,
                    inverses,
                    workers);
        }
    }

    /** sum = residual + x, or + the norm of x where the layer has one there. */
    private void addNormed(
            @Nullable String norm, int rows, float[] x, float[] inverses, float[] residual, float[] sum) {
        float[] added = x;
        if (norm != null) {
            Norm.forward(rows, width, x, weights.get(norm), parameters.epsilon(), sum, inverses, workers);
            added = sum;
        }
        Elementwise.add(rows * width, residual, added, sum, workers);
    }

    /**
     * Turns dL/doutput into dL/dinput, in place. The last {@link #prepare} must have been that of the same group.
     *
     * @param gradient {@code rows × width}
     * @param vectors receives dL/dw of norms and biases, if not null
     */
    void backward(Group group, float[] gradient, @Nullable LinearTap tap, @Nullable VectorGradients vectors) {
        Rows rows = group.rows();
        int count = rows.count();
        Backward back = new Backward(rows, tap, vectors);
        float[] scratch = new float[count * width];
        postNormBackward(back, plan.postFeedForwardNorm(), fed, inverseFed, gradient, scratch);
        float[] dMiddleNormed = new float[count * width];
        feedForward.backward(back, middleNormed, scratch, dMiddleNormed);
        normBackward(back, plan.feedForwardNorm(), middle, inverseMiddle, dMiddleNormed, gradient);

        postNormBackward(back, plan.postAttentionNorm(), projected, inversePost, gradient, scratch);
        float[] dAttended = new float[count * queries];
        projection.backward(plan.output(), back, attended, scratch, dAttended, false);
        float[] dQ = new float[count * queries];
        float[] dK = new float[count * keys];
        float[] dV = new float[count * keys];
        attention.backward(group, q, k, v, attended, dAttended, dQ, dK, dV);
        rope.rotate(count, plan.heads(), parameters.headSize(), dQ, rows.position(), true, workers);
        rope.rotate(count, plan.kvHeads(), parameters.headSize(), dK, rows.position(), true, workers);
        headNormBackward(back, plan.queryNorm(), count * plan.heads(), rawQ, inverseQ, dQ);
        headNormBackward(back, plan.keyNorm(), count * plan.kvHeads(), rawK, inverseK, dK);
        float[] dNormed = scratch;
        projection.backward(plan.query(), back, normed, dQ, dNormed, false);
        projection.backward(plan.key(), back, normed, dK, dNormed, true);
        projection.backward(plan.value(), back, normed, dV, dNormed, true);
        normBackward(back, plan.attentionNorm(), input, inverse, dNormed, gradient);
    }

    /** Adds what comes through a norm to the gradient of the stream that it reads. */
    private void normBackward(
            Backward back, String norm, float[] x, float[] inverses, float[] dNormed, float[] gradient) {
        int count = back.rows().count();
        if (back.vectors() != null) {
            back.vectors().addNorm(norm, count, width, x, inverses, dNormed, workers);
        }
        Norm.backward(count, width, x, weights.get(norm), inverses, dNormed, gradient, true, workers);
    }

    /** Of a sum's gradient, what reaches the branch that was added, through its norm if it has one. */
    private void postNormBackward(
            Backward back, @Nullable String norm, float[] x, float[] inverses, float[] gradient, float[] branch) {
        int count = back.rows().count();
        if (norm == null) {
            System.arraycopy(gradient, 0, branch, 0, count * width);
            return;
        }
        if (back.vectors() != null) {
            back.vectors().addNorm(norm, count, width, x, inverses, gradient, workers);
        }
        Norm.backward(count, width, x, weights.get(norm), inverses, gradient, branch, false, workers);
    }

    private void headNormBackward(
            Backward back, @Nullable String norm, int rows, float[] x, float[] inverses, float[] gradient) {
        if (norm == null) {
            return;
        }
        int size = parameters.headSize();
        if (back.vectors() != null) {
            back.vectors().addNorm(norm, rows, size, x, inverses, gradient, workers);
        }
        Norm.backward(rows, size, x, weights.get(norm), inverses, gradient, gradient, false, workers);
    }
}
