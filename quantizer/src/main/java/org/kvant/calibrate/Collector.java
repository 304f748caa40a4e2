package org.kvant.calibrate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.llama.eval.EvalCallback;
import org.kvant.llama.eval.EvalNode;
import org.kvant.llama.eval.EvalTensor;

/** Sums up the inputs of linear layers while the model runs over chunks, one chunk a batch in one sequence. */
final class Collector implements EvalCallback {
    private final Map<String, LinearInput> byName = new LinkedHashMap<>();
    private final Map<String, InputSums> sums;
    private final Map<String, FullMoment> moments;
    private final @Nullable TokenWeights weights;
    private final RankUpdate update;
    private final @Nullable String stopAfter;
    private final Map<String, Integer> rowsSeen = new HashMap<>();
    private String head = "";
    private int chunk;
    private float[] x = new float[0];
    private float[] gathered = new float[0];

    /**
     * @param inputs what to collect, in the order of computing
     * @param sums by input; empty if the diagonals are known already
     * @param moments by input; those of this pass
     * @param weights for the moments; null for 1
     * @param stopEarly whether a graph may be left after the last of the inputs
     */
    Collector(
            List<LinearInput> inputs,
            Map<String, InputSums> sums,
            Map<String, FullMoment> moments,
            @Nullable TokenWeights weights,
            RankUpdate update,
            boolean stopEarly) {
        for (LinearInput input : inputs) {
            byName.put(input.name(), input);
            if (input.kind() == Kind.HEAD) {
                head = input.name();
            }
        }
        this.sums = sums;
        this.moments = moments;
        this.weights = weights;
        this.update = update;
        this.stopAfter = stopEarly && !inputs.isEmpty() ? inputs.getLast().name() : null;
    }

    /** Before each chunk is decoded. */
    void begin(int nextChunk) {
        chunk = nextChunk;
        rowsSeen.clear();
    }

    /** After a chunk: that each input was seen for each of its tokens. */
    void requireComplete(int tokens) {
        for (LinearInput input : byName.values()) {
            int rows = rowsSeen.getOrDefault(input.name(), 0);
            if (rows != tokens) {
                throw new CalibrationFailure("llama.cpp computed the input of " + input.name() + " for " + rows + " of "
                        + tokens + " tokens");
            }
        }
    }

    @Override
    public boolean wants(EvalNode node) {
        return LinearNode.of(node).map(this::inputOf).isPresent();
    }

    private @Nullable LinearInput inputOf(LinearNode node) {
        return byName.get(node.kind() == Kind.HEAD ? head : node.weight());
    }

    @Override
    public boolean computed(EvalNode node) {
        LinearNode linear = LinearNode.of(node).orElseThrow();
        LinearInput input = Objects.requireNonNull(inputOf(linear));
        EvalTensor tensor = linear.input();
        int elements = Math.toIntExact(tensor.elements());
        if (x.length < elements) {
            x = new float[elements];
        }
        tensor.floats(x);
        int firstToken = rowsSeen.getOrDefault(input.name(), 0);
        Rows rows = input.kind() == Kind.EXPERTS
                ? routed(tensor, node.source(2).orElseThrow(), input)
                : straight(tensor, input, elements / input.columns());
        rowsSeen.put(input.name(), firstToken + rows.tokens());
        InputSums sum = sums.get(input.name());
        if (sum != null) {
            addSums(sum, input, rows, firstToken);
        }
        FullMoment moment = moments.get(input.name());
        if (moment != null) {
            addMoment(moment, input, rows, firstToken);
        }
        return !input.name().equals(stopAfter) && input.kind() != Kind.HEAD;
    }

    /**
     * Which vector goes to which matrix.
     *
     * @param places the vectors' indices in the data
     * @param matrixOf the matrix of each
     * @param tokenOf the token of each, counted in this micro-batch
     * @param tokens in this micro-batch
     */
    private record Rows(int[] places, int[] matrixOf, int[] tokenOf, int tokens) {}

    /** Stacked matrices that are no experts: slab after slab of tokens, each through its own matrix. */
    private static Rows straight(EvalTensor tensor, LinearInput input, int vectors) {
        int tokens = input.matrices() == 1 ? vectors : Math.toIntExact(tensor.dimension(1));
        Rows rows = new Rows(new int[vectors], new int[vectors], new int[vectors], tokens);
        for (int i = 0; i < vectors; i++) {
            rows.places[i] = i;
            rows.matrixOf[i] = i / tokens % input.matrices();
            rows.tokenOf[i] = i % tokens;
        }
        return rows;
    }

    /** {@code ids} is [experts used, tokens], the data [columns, 1 or experts used, tokens]. */
    private static Rows routed(EvalTensor tensor, EvalTensor ids, LinearInput input) {
        int used = Math.toIntExact(ids.dimension(0));
        int tokens = Math.toIntExact(ids.dimension(1));
        int perToken = Math.toIntExact(tensor.dimension(1));
        int[] experts = new int[used * tokens];
        ids.ints(experts);
        Rows rows = new Rows(new int[experts.length], experts, new int[experts.length], tokens);
        for (int i = 0; i < experts.length; i++) {
            Objects.checkIndex(experts[i], input.matrices());
            rows.tokenOf[i] = i / used;
            rows.places[i] = i / used * perToken + i % used % perToken;
        }
        return rows;
    }

    private void addSums(InputSums sum, LinearInput input, Rows rows, int firstToken) {
        for (int i = 0; i < rows.places.length; i++) {
            boolean first = firstToken + rows.tokenOf[i] == 0;
            sum.add(x, rows.places[i] * input.columns(), rows.matrixOf[i], first);
            if (input.kind() == Kind.EXPERTS || rows.matrixOf[i] == 0) {
                sum.count(input.kind() == Kind.EXPERTS ? rows.matrixOf[i] : 0, first);
            }
        }
        sum.requireFinite();
    }

    private void addMoment(FullMoment moment, LinearInput input, Rows rows, int firstToken) {
        float @Nullable [] weightOf = weights == null ? null : weights.of(input.name(), chunk);
        int columns = input.columns();
        for (int matrix = 0; matrix < input.matrices(); matrix++) {
            int count = 0;
            for (int i = 0; i < rows.places.length; i++) {
                count += rows.matrixOf[i] == matrix ? 1 : 0;
            }
            if (count == 0) {
                continue;
            }
            if (gathered.length < count * columns) {
                gathered = new float[count * columns];
            }
            float[] gatheredWeights = new float[count];
            int kept = 0;
            for (int i = 0; i < rows.places.length; i++) {
                if (rows.matrixOf[i] != matrix) {
                    continue;
                }
                int token = firstToken + rows.tokenOf[i];
                int at = rows.places[i] * columns;
                if (token == 0) {
                    double weight = weightOf == null ? 1 : weightOf[0];
                    moment.sink().add(matrix, weight, Arrays.copyOfRange(x, at, at + columns));
                    continue;
                }
                gatheredWeights[kept] = weightOf == null ? 1 : weightOf[token];
                System.arraycopy(x, at, gathered, kept * columns, columns);
                kept++;
            }
            moment.add(matrix, gathered, kept, weightOf == null ? null : gatheredWeights, update);
        }
    }
}
