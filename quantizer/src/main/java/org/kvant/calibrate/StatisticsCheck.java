package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/** Refuses statistics files that are damaged, so that nothing is rounded with nonsense. */
final class StatisticsCheck {
    /** Floats summed in another order differ by less. */
    private static final double TOLERANCE = 1e-3;

    private StatisticsCheck() {}

    /** Says what to do with a GGUF file that is something else. */
    static CalibrateException notStatistics(Path file, Metadata metadata) {
        return new CalibrateException(file + ": is not a statistics file"
                + (metadata.has(StatisticsFormat.CHUNK_COUNT)
                        ? " but llama-imatrix's, which has the diagonals only; kvant calibrate makes more of them"
                        : "; make one with kvant calibrate, best with --gradient"));
    }

    /** The inputs as the metadata lists them. */
    static List<LinearInput> inputs(GgufFile file) throws IOException {
        Metadata metadata = file.metadata();
        List<String> names = metadata.strings(StatisticsFormat.INPUTS);
        List<String> kinds = metadata.strings(StatisticsFormat.KINDS);
        List<String> weights = metadata.strings(StatisticsFormat.WEIGHTS);
        long[] inputOf = wholeNumbers(file, StatisticsFormat.WEIGHT_INPUTS);
        if (kinds.size() != names.size()
                || inputOf.length != weights.size()
                || new HashSet<>(weights).size() != weights.size()) {
            throw damaged(file.path(), "its lists of inputs and weights contradict each other");
        }
        List<List<String>> grouped = new ArrayList<>();
        names.forEach(name -> grouped.add(new ArrayList<>()));
        for (int i = 0; i < inputOf.length; i++) {
            if (inputOf[i] < 0 || inputOf[i] >= names.size()) {
                throw damaged(file.path(), weights.get(i) + " has the input " + inputOf[i] + " of " + names.size());
            }
            grouped.get((int) inputOf[i]).add(weights.get(i));
        }
        List<LinearInput> inputs = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            inputs.add(input(file, names.get(i), grouped.get(i), kinds.get(i)));
        }
        return List.copyOf(inputs);
    }

    private static long[] wholeNumbers(GgufFile file, String key) throws IOException {
        try {
            return file.metadata().array(key).longs();
        } catch (IllegalStateException e) {
            throw damaged(file.path(), key + " is " + e.getMessage());
        }
    }

    private static LinearInput input(GgufFile file, String name, List<String> weights, String kind)
            throws CalibrateException {
        TensorInfo sink = file.tensor(name + ".sink_sum2")
                .orElseThrow(() -> damaged(file.path(), "tensor " + name + ".sink_sum2 is missing"));
        boolean known = Arrays.stream(Kind.values())
                .anyMatch(k -> k.name().toLowerCase(Locale.ROOT).equals(kind));
        if (!known
                || !weights.contains(name)
                || sink.columns() > Integer.MAX_VALUE
                || sink.elements() > Integer.MAX_VALUE) {
            throw damaged(file.path(), "the input " + name + " of kind " + kind + " makes no sense");
        }
        return new LinearInput(
                name, weights, (int) sink.columns(), (int) sink.rows(), Kind.valueOf(kind.toUpperCase(Locale.ROOT)));
    }

    /** That everything about an input is there and no sum is negative or not finite. The full moments are checked when they are asked for. */
    static void check(GgufFile file, LinearInput input, boolean full) throws CalibrateException {
        long values = (long) input.columns() * input.matrices();
        List<String> sums = new ArrayList<>(List.of(input.name() + ".sink_sum2"));
        List<String> counts = new ArrayList<>(List.of(input.name() + ".sink_counts"));
        if (input.kind() == Kind.HEAD) {
            sums.add(input.name() + ".head_sum2");
            counts.add(input.name() + ".head_counts");
        } else {
            input.weights().forEach(weight -> sums.add(weight + ".in_sum2"));
            input.weights().forEach(weight -> counts.add(weight + ".counts"));
        }
        for (String name : sums) {
            requireSums(file.path(), name, TensorStore.floats(file, name, values));
        }
        for (String name : counts) {
            requireSums(file.path(), name, TensorStore.floats(file, name, input.countsKept()));
        }
        if (full) {
            TensorStore.segment(file, input.name() + ".moment", GgmlType.F32, input.triangle() * input.matrices());
            sinkRows(file, input, 0);
        }
    }

    private static void requireSums(Path file, String name, float[] values) throws CalibrateException {
        for (int i = 0; i < values.length; i++) {
            if (!(values[i] >= 0 && values[i] <= Float.MAX_VALUE)) {
                throw damaged(file, "value " + i + " of " + name + " is " + values[i]);
            }
        }
    }

    /** The sink's vectors that belong to a matrix. */
    static List<SinkRows.Row> sinkRows(GgufFile file, LinearInput input, int matrix) throws CalibrateException {
        TensorInfo tensor = file.tensor(input.name() + ".sink_weights").orElse(null);
        if (tensor == null) {
            return List.of();
        }
        int count = Math.toIntExact(tensor.elements());
        float[] weights = TensorStore.floats(file, tensor.name(), count);
        int[] matrices = TensorStore.segment(file, input.name() + ".sink_matrices", GgmlType.I32, count)
                .toArray(TensorStore.INT);
        float[] values = TensorStore.floats(file, input.name() + ".sink_rows", (long) count * input.columns());
        Set<Integer> wrong = new HashSet<>();
        List<SinkRows.Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (matrices[i] < 0
                    || matrices[i] >= input.matrices()
                    || !(weights[i] >= 0 && weights[i] <= Float.MAX_VALUE)) {
                wrong.add(i);
            }
            if (matrices[i] == matrix) {
                rows.add(new SinkRows.Row(
                        matrix,
                        weights[i],
                        Arrays.copyOfRange(values, i * input.columns(), (i + 1) * input.columns())));
            }
        }
        if (!wrong.isEmpty()) {
            throw damaged(file.path(), "vectors " + wrong + " of " + input.name() + ".sink_rows make no sense");
        }
        return rows;
    }

    /** The diagonal is in the file twice, summed in two ways: a damaged triangle or vector shows. */
    static void checkDiagonal(Path file, LinearInput input, int matrix, Moment moment, float[] diagonal)
            throws CalibrateException {
        double[] sums = moment.diagonal();
        double mean = Arrays.stream(sums).average().orElse(0);
        for (int i = 0; i < sums.length; i++) {
            double expected = diagonal[matrix * input.columns() + i];
            if (!(Math.abs(sums[i] - expected) <= TOLERANCE * (expected + mean))) {
                throw damaged(
                        file,
                        "the moment of " + input.name() + " has " + sums[i] + " at " + i
                                + " of its diagonal, the sum of squares is " + expected);
            }
        }
    }

    private static CalibrateException damaged(Path file, String what) {
        return new CalibrateException(file + ": is damaged: " + what + "; calibrate again");
    }
}
