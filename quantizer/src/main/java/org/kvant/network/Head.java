package org.kvant.network;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.kvant.linalg.FloatMath;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/**
 * The end of a network: final norm, logits, losses and their gradients. Holds the head's matrix, and the logits of some 128
 * tokens at a time. One call at a time.
 */
public final class Head {
    /** Tokens whose logits are held at a time. */
    static final int TILE = 128;

    private static final FloatMath MATH = FloatMath.get();

    private final Network network;
    private final Matrices matrices;
    private final Workers workers;
    private final Linear linear;
    private final float[] norm;
    private final float[] matrix;
    private final float @Nullable [] bias;
    private final int width;
    private final int vocabulary;
    private final float cap;

    /**
     * Loads the weights.
     *
     * @param runner its network and threads are used
     */
    public Head(NetworkRunner runner, WeightSource weights) {
        this.network = runner.network();
        this.matrices = runner.matrices();
        this.workers = matrices.workers();
        this.linear = network.head();
        this.width = network.width();
        this.vocabulary = network.vocabulary();
        this.cap = network.parameters().logitCap();
        this.norm = LayerWeights.checked(TensorNames.OUTPUT_NORM, width, weights);
        this.matrix = LayerWeights.matrix(network, linear, TensorNames.scale(TensorNames.OUTPUT), weights);
        @Nullable String biasName = network.headBias();
        this.bias = biasName == null ? null : LayerWeights.checked(biasName, vocabulary, weights);
    }

    /**
     * Logits of consecutive tokens of a chunk.
     *
     * @param states after the last layer
     * @param logits receives {@code count × vocabulary}
     */
    public void logits(HiddenStates states, int chunk, int first, int count, float[] logits) {
        int[] chunks = new int[count];
        int[] positions = new int[count];
        for (int i = 0; i < count; i++) {
            chunks[i] = chunk;
            positions[i] = first + i;
        }
        logits(states).read(new Rows(count, chunks, positions), logits);
    }

    /** This head's logits of some states, to measure another's divergence from. */
    public ReferenceLogits logits(HiddenStates states) {
        return (rows, logits) -> new Tile(rows.count()).forward(rows, states, logits, null);
    }

    /**
     * The gradient whose squares make the Fisher information: of −log p(t), where t is drawn from the model's own
     * distribution.
     *
     * @param states after the last layer
     * @param gradient receives dL/dstates of the sum over all tokens
     * @param seed decides what is drawn, whatever the number of threads
     * @param tap is shown X and G of the head's matrix, some tokens at a time, or null
     * @param vectors receives the final norm's gradient, or null
     * @return −log p(t) for every chunk and token
     */
    public double[][] fisher(
            HiddenStates states,
            HiddenStates gradient,
            long seed,
            TokenWeights weights,
            @Nullable LinearTap tap,
            @Nullable VectorGradients vectors) {
        return tiles(states, gradient, weights, tap, vectors, rows -> (row, logits, at, scratch) -> {
            MATH.exp(logits, at, -MATH.max(logits, at, vocabulary), logits, at, vocabulary);
            double sum = sum(logits, at);
            long token = ((long) rows.chunk()[row] << 32) + rows.position()[row];
            double drawn = new SplittableRandom(seed ^ token * 0x9E3779B97F4A7C15L).nextDouble() * sum;
            int target = draw(logits, at, drawn);
            double loss = Math.log(sum / logits[at + target]);
            float factor = (float) (1 / sum);
            for (int i = at; i < at + vocabulary; i++) {
                logits[i] *= factor;
            }
            logits[at + target] -= 1;
            return loss;
        });
    }

    /**
     * The divergence KL(reference ‖ this) of every token's distribution, in nats.
     *
     * @param states after the last layer
     * @param gradient receives dL/dstates of the sum over all tokens; null to compute values only
     * @param weights what the gradient of each token is multiplied with; the returned values are not
     * @return KL for every chunk and token, 0 for those without weight
     */
    public double[][] divergence(
            ReferenceLogits reference,
            HiddenStates states,
            @Nullable HiddenStates gradient,
            TokenWeights weights,
            @Nullable LinearTap tap,
            @Nullable VectorGradients vectors) {
        float[] expected = new float[TILE * vocabulary];
        return tiles(states, gradient, weights, tap, vectors, rows -> {
            reference.read(rows, expected);
            return (row, logits, at, scratch) -> divergence(expected, row * vocabulary, logits, at, scratch);
        });
    }

    /** Σ p·(log p − log q) = Σ p·(a − b) − log Σ exp a + log Σ exp b for logits a and b of p and q. */
    private double divergence(float[] expected, int from, float[] logits, int at, float[] difference) {
        for (int i = 0; i < vocabulary; i++) {
            difference[i] = expected[from + i] - logits[at + i];
        }
        float maxP = MATH.max(expected, from, vocabulary);
        float maxQ = MATH.max(logits, at, vocabulary);
        MATH.exp(expected, from, -maxP, expected, from, vocabulary);
        MATH.exp(logits, at, -maxQ, logits, at, vocabulary);
        double sumP = sum(expected, from);
        double sumQ = sum(logits, at);
        double mean = MATH.dot(expected, from, difference, 0, vocabulary) / sumP;
        float factorP = (float) (1 / sumP);
        float factorQ = (float) (1 / sumQ);
        for (int i = 0; i < vocabulary; i++) {
            logits[at + i] = logits[at + i] * factorQ - expected[from + i] * factorP;
        }
        return mean - (maxP + Math.log(sumP)) + (maxQ + Math.log(sumQ));
    }

    /** In pieces, so that the rounding of a large vocabulary does not add up. */
    private double sum(float[] x, int at) {
        int piece = 4096;
        double sum = 0;
        for (int i = 0; i < vocabulary; i += piece) {
            sum += MATH.sum(x, at + i, Math.min(piece, vocabulary - i));
        }
        return sum;
    }

    private int draw(float[] masses, int at, double drawn) {
        double sum = 0;
        int last = 0;
        for (int i = 0; i < vocabulary; i++) {
            if (masses[at + i] > 0) {
                last = i;
                sum += masses[at + i];
                if (sum > drawn) {
                    return i;
                }
            }
        }
        return last;
    }

    /** Makes the loss of one tile's rows. */
    @FunctionalInterface
    private interface TileLoss {
        RowLoss of(Rows rows);
    }

    private double[][] tiles(
            HiddenStates states,
            @Nullable HiddenStates gradient,
            TokenWeights weights,
            @Nullable LinearTap tap,
            @Nullable VectorGradients vectors,
            TileLoss loss) {
        double[][] losses = new double[states.chunks()][];
        Tile tile = new Tile(TILE);
        float[] logits = new float[TILE * vocabulary];
        float[] factors = new float[TILE];
        Rows rows = new Rows(TILE, new int[TILE], new int[TILE]);
        float[] zeros = new float[width];
        int filled = 0;
        for (int chunk = 0; chunk < states.chunks(); chunk++) {
            losses[chunk] = new double[states.tokens(chunk)];
            for (int position = 0; position < states.tokens(chunk); position++) {
                float weight = weights.weight(chunk, position);
                if (weight == 0) {
                    if (gradient != null) {
                        gradient.write(chunk, position, 1, zeros, 0);
                    }
                    continue;
                }
                rows.chunk()[filled] = chunk;
                rows.position()[filled] = position;
                factors[filled++] = weight;
                if (filled == TILE) {
                    tile.run(rows, states, gradient, factors, logits, tap, vectors, loss, losses);
                    filled = 0;
                }
            }
        }
        if (filled > 0) {
            Rows last = new Rows(filled, rows.chunk(), rows.position());
            tile.run(last, states, gradient, factors, logits, tap, vectors, loss, losses);
        }
        return losses;
    }

    /** Buffers for some tokens. */
    private final class Tile {
        private final float[] x;
        private final float[] normed;
        private final float[] inverse;

        Tile(int rows) {
            this.x = new float[rows * width];
            this.normed = new float[rows * width];
            this.inverse = new float[rows];
        }

        /** @param slopes receives the slopes of the cap, or null */
        void forward(Rows rows, HiddenStates states, float[] logits, float @Nullable [] slopes) {
            int count = rows.count();
            for (int i = 0; i < count; i++) {
                states.read(rows.chunk()[i], rows.position()[i], 1, x, i * width);
            }
            Norm.forward(count, width, x, norm, network.parameters().epsilon(), normed, inverse, workers);
            matrices.multiply(
                    false,
                    true,
                    count,
                    vocabulary,
                    width,
                    1,
                    normed,
                    0,
                    width,
                    matrix,
                    0,
                    width,
                    0,
                    logits,
                    0,
                    vocabulary);
            if (bias != null) {
                Elementwise.addToRows(count, vocabulary, logits, bias, workers);
            }
            if (cap != 0) {
                workers.forRanges(count, 1, (from, to) -> {
                    for (int row = from; row < to; row++) {
                        cap(logits, row * vocabulary, slopes);
                    }
                });
            }
        }

        /** cap · tanh(z / cap), by tanh u = 1 − 2 / (exp 2u + 1). */
        private void cap(float[] logits, int at, float @Nullable [] slopes) {
            float twice = 2 / cap;
            for (int i = at; i < at + vocabulary; i++) {
                logits[i] *= twice;
            }
            MATH.exp(logits, at, 0, logits, at, vocabulary);
            for (int i = at; i < at + vocabulary; i++) {
                logits[i] = 1 - 2 / (logits[i] + 1);
            }
            if (slopes != null) {
                for (int i = at; i < at + vocabulary; i++) {
                    slopes[i] = 1 - logits[i] * logits[i];
                }
            }
            for (int i = at; i < at + vocabulary; i++) {
                logits[i] *= cap;
            }
        }

        void run(
                Rows rows,
                HiddenStates states,
                @Nullable HiddenStates gradient,
                float[] factors,
                float[] logits,
                @Nullable LinearTap tap,
                @Nullable VectorGradients vectors,
                TileLoss loss,
                double[][] losses) {
            int count = rows.count();
            float @Nullable [] slopes = cap == 0 || gradient == null ? null : new float[count * vocabulary];
            forward(rows, states, logits, slopes);
            RowLoss rowLoss = loss.of(rows);
            workers.forRanges(count, 1, (from, to) -> {
                float[] scratch = new float[vocabulary];
                for (int row = from; row < to; row++) {
                    int at = row * vocabulary;
                    losses[rows.chunk()[row]][rows.position()[row]] = rowLoss.apply(row, logits, at, scratch);
                    if (factors[row] != 1) {
                        for (int i = at; i < at + vocabulary; i++) {
                            logits[i] *= factors[row];
                        }
                    }
                    if (slopes != null) {
                        for (int i = at; i < at + vocabulary; i++) {
                            logits[i] *= slopes[i];
                        }
                    }
                }
            });
            if (gradient != null) {
                backward(rows, gradient, logits, tap, vectors);
            }
        }

        private void backward(
                Rows rows,
                HiddenStates gradient,
                float[] dLogits,
                @Nullable LinearTap tap,
                @Nullable VectorGradients vectors) {
            int count = rows.count();
            if (tap != null) {
                tap.accept(linear, 0, rows, normed, dLogits);
            }
            if (vectors != null && network.headBias() != null) {
                vectors.addBias(network.headBias(), count, vocabulary, dLogits, workers);
            }
            float[] dNormed = new float[count * width];
            matrices.multiply(false, false, count, width, vocabulary, dLogits, matrix, dNormed);
            if (vectors != null) {
                vectors.addNorm(TensorNames.OUTPUT_NORM, count, width, x, inverse, dNormed, workers);
            }
            Norm.backward(count, width, x, norm, inverse, dNormed, dNormed, false, workers);
            for (int i = 0; i < count; i++) {
                gradient.write(rows.chunk()[i], rows.position()[i], 1, dNormed, i * width);
            }
        }
    }
}
