package org.kvant.network;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/**
 * Runs a network layer by layer over the states of all chunks, each chunk a sequence of its own that begins at position 0.
 * Memory: one layer's weights and the activations of some thousand tokens. The results do not depend on the number of
 * threads. One pass at a time.
 */
public final class NetworkRunner {
    private final Network network;
    private final Matrices matrices;

    /** @param workers the threads that compute */
    public NetworkRunner(Network network, Workers workers) {
        this.network = network;
        this.matrices = new Matrices(workers);
    }

    /** The network that runs. */
    public Network network() {
        return network;
    }

    /**
     * The states before the first layer, in the heap.
     *
     * @param chunks the token ids of each chunk
     * @throws IllegalArgumentException if a chunk is empty or an id is not in the vocabulary
     */
    public HiddenStates embed(int[][] chunks, WeightSource weights) {
        HiddenStates states = HiddenStates.inHeap(lengths(chunks), network.width());
        embed(chunks, weights, states);
        return states;
    }

    /** Fills states with the embeddings of the chunks that they were made for. */
    public void embed(int[][] chunks, WeightSource weights, HiddenStates states) {
        int[] lengths = lengths(chunks);
        checkStates(states);
        if (!Arrays.equals(states.lengths(), lengths)) {
            throw new IllegalArgumentException("the states are not those of these chunks");
        }
        int width = network.width();
        float scale = network.parameters().embeddingScale();
        int[] used = Arrays.stream(chunks)
                .flatMapToInt(Arrays::stream)
                .distinct()
                .sorted()
                .toArray();
        if (used.length > 0 && (used[0] < 0 || used[used.length - 1] >= network.vocabulary())) {
            throw new IllegalArgumentException("token " + (used[0] < 0 ? used[0] : used[used.length - 1])
                    + " is not in the vocabulary of " + network.vocabulary());
        }
        float[] vectors = new float[Math.multiplyExact(used.length, width)];
        matrices.workers().forRanges(used.length, 256, (from, to) -> {
            for (int i = from; i < to; i++) {
                float[] row = weights.rows(TensorNames.EMBEDDING, width, used[i], 1);
                for (int j = 0; j < width; j++) {
                    vectors[i * width + j] = row[j] * scale;
                }
            }
        });
        for (int chunk = 0; chunk < chunks.length; chunk++) {
            for (int position = 0; position < chunks[chunk].length; position++) {
                int at = Arrays.binarySearch(used, chunks[chunk][position]) * width;
                states.write(chunk, position, 1, vectors, at);
            }
        }
    }

    /** Tokens of each chunk. */
    public static int[] lengths(int[][] chunks) {
        return Arrays.stream(chunks).mapToInt(chunk -> chunk.length).toArray();
    }

    /**
     * One layer, in place.
     *
     * @param states its input, then its output
     * @param tap is shown what goes into every matrix, or null
     */
    public void forward(int layer, WeightSource weights, HiddenStates states, @Nullable LinearTap tap) {
        checkStates(states);
        LayerPlan plan = network.plan(layer);
        List<Group> groups = Group.of(states.lengths(), matrices.workers().threads());
        LayerPass pass = pass(plan, weights, states, groups);
        for (Group group : groups) {
            states.read(group.firstChunk(), 0, group.size(), pass.input, 0);
            pass.forward(group, tap);
            states.write(group.firstChunk(), 0, group.size(), pass.output, 0);
        }
    }

    /**
     * One layer backward: computes it once more from its input and turns dL/doutput into dL/dinput.
     *
     * @param input what {@link #forward} was given; it is not changed
     * @param gradient dL/doutput, then dL/dinput
     * @param tap is shown X and G of every matrix, or null
     * @param vectors receives dL/dw of norms and biases, or null
     */
    public void backward(
            int layer,
            WeightSource weights,
            HiddenStates input,
            HiddenStates gradient,
            @Nullable LinearTap tap,
            @Nullable VectorGradients vectors) {
        checkStates(input);
        checkStates(gradient);
        if (!Arrays.equals(input.lengths(), gradient.lengths())) {
            throw new IllegalArgumentException("the gradients are not those of these states");
        }
        LayerPlan plan = network.plan(layer);
        List<Group> groups = Group.of(input.lengths(), matrices.workers().threads());
        LayerPass pass = pass(plan, weights, input, groups);
        float[] buffer = new float[pass.input.length];
        for (Group group : groups) {
            input.read(group.firstChunk(), 0, group.size(), pass.input, 0);
            pass.prepare(group);
            gradient.read(group.firstChunk(), 0, group.size(), buffer, 0);
            pass.backward(group, buffer, tap, vectors);
            gradient.write(group.firstChunk(), 0, group.size(), buffer, 0);
        }
    }

    private LayerPass pass(LayerPlan plan, WeightSource source, HiddenStates states, List<Group> groups) {
        LayerWeights weights = LayerWeights.load(network, plan, source);
        int positions = Arrays.stream(states.lengths()).max().orElse(1);
        float @Nullable [] factors = plan.ropeFactors() == null
                ? null
                : LayerWeights.checked(plan.ropeFactors(), network.parameters().rotated() / 2, source);
        Rope rope = new Rope(network.parameters(), plan.sliding(), positions, factors);
        int rows = groups.stream().mapToInt(Group::size).max().orElse(0);
        return new LayerPass(network, plan, weights, rope, rows, matrices);
    }

    private void checkStates(HiddenStates states) {
        if (states.width() != network.width()) {
            throw new IllegalArgumentException(
                    "the states are " + states.width() + " wide, the network is " + network.width());
        }
    }

    Matrices matrices() {
        return matrices;
    }
}
