package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.calibrate.TensorStore.Entry;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;

/** Writes a finished calibration in the form that {@link StatisticsFormat} describes. */
final class StatisticsWriter {
    /**
     * What the file says about where it comes from.
     *
     * @param model name in the model's file
     * @param datasets files of text, or what stands for them
     * @param source in words
     * @param tokenWeights what the moments are weighted with; null for nothing
     */
    record Origin(
            String model,
            Fingerprint fingerprint,
            List<String> datasets,
            String source,
            @Nullable String tokenWeights,
            int[][] chunks) {}

    private final Origin origin;
    private final List<LinearInput> inputs;
    private final Map<String, InputSums> sums;
    private final Map<String, GgufFile> moments;

    /** @param moments the file that holds an input's moment, as {@link SavedState} wrote it; empty for diagonals only */
    StatisticsWriter(
            Origin origin, List<LinearInput> inputs, Map<String, InputSums> sums, Map<String, GgufFile> moments) {
        this.origin = origin;
        this.inputs = inputs;
        this.sums = sums;
        this.moments = moments;
    }

    void write(Path file) throws IOException {
        List<Entry> entries = new ArrayList<>(diagonals());
        int size = origin.chunks()[0].length;
        int[] tokens = new int[Math.multiplyExact(origin.chunks().length, size)];
        for (int i = 0; i < origin.chunks().length; i++) {
            System.arraycopy(origin.chunks()[i], 0, tokens, i * size, size);
        }
        entries.add(Entry.ints(StatisticsFormat.TOKENS, tokens, size, origin.chunks().length));
        for (LinearInput input : inputs) {
            InputSums sum = sums(input);
            if (input.kind() == Kind.HEAD) {
                entries.add(floats(input.name() + ".head_sum2", input, () -> total(sum)));
                entries.add(counts(input.name() + ".head_counts", add(sum.bodyCounts(), sum.sinkCounts())));
            }
            entries.add(floats(input.name() + ".sink_sum2", input, () -> narrow(sum.sink())));
            entries.add(counts(input.name() + ".sink_counts", sum.sinkCounts()));
            GgufFile saved = moments.get(input.name());
            if (saved != null) {
                entries.addAll(moment(input, saved));
            }
        }
        TensorStore.write(file, metadata(entries), entries);
    }

    /** llama-imatrix's part, sorted by weight as there. */
    private List<Entry> diagonals() {
        Map<String, LinearInput> inputOf = new TreeMap<>();
        inputs.stream()
                .filter(input -> input.kind() != Kind.HEAD)
                .forEach(input -> input.weights().forEach(weight -> inputOf.put(weight, input)));
        List<Entry> entries = new ArrayList<>();
        inputOf.forEach((weight, input) -> {
            InputSums sum = sums(input);
            entries.add(floats(weight + ".in_sum2", input, () -> total(sum)));
            entries.add(counts(weight + ".counts", add(sum.bodyCounts(), sum.sinkCounts())));
        });
        return entries;
    }

    private InputSums sums(LinearInput input) {
        InputSums sum = sums.get(input.name());
        if (sum == null) {
            throw new IllegalStateException("no sums of " + input.name());
        }
        return sum;
    }

    private static Entry floats(String name, LinearInput input, java.util.function.Supplier<float[]> values) {
        return Entry.floats(name, values, input.columns(), input.matrices());
    }

    private static Entry counts(String name, long[] counts) {
        float[] values = new float[counts.length];
        for (int i = 0; i < counts.length; i++) {
            values[i] = counts[i];
        }
        return Entry.floats(name, () -> values, 1, counts.length);
    }

    private static List<Entry> moment(LinearInput input, GgufFile saved) throws CalibrateException {
        List<Entry> entries = new ArrayList<>();
        MemorySegment triangles =
                TensorStore.segment(saved, input.name() + ".moment", GgmlType.F32, input.triangle() * input.matrices());
        entries.add(new Entry(
                new TensorSpec(input.name() + ".moment", GgmlType.F32, new long[] {input.triangle(), input.matrices()}),
                () -> triangles));
        List<SinkRows.Row> rows = SavedState.sinkRows(saved, input);
        if (!rows.isEmpty()) {
            float[] values = new float[rows.size() * input.columns()];
            float[] weights = new float[rows.size()];
            int[] matrices = new int[rows.size()];
            for (int i = 0; i < rows.size(); i++) {
                System.arraycopy(rows.get(i).values(), 0, values, i * input.columns(), input.columns());
                weights[i] = (float) rows.get(i).weight();
                matrices[i] = rows.get(i).matrix();
            }
            entries.add(Entry.floats(input.name() + ".sink_rows", () -> values, input.columns(), rows.size()));
            entries.add(Entry.floats(input.name() + ".sink_weights", () -> weights, rows.size()));
            entries.add(Entry.ints(input.name() + ".sink_matrices", matrices, rows.size()));
        }
        return entries;
    }

    private Metadata metadata(List<Entry> entries) {
        List<String> names = inputs.stream().map(LinearInput::name).toList();
        List<String> weights = new ArrayList<>();
        List<Integer> inputOf = new ArrayList<>();
        Map<String, Integer> index = new HashMap<>();
        for (LinearInput input : inputs) {
            index.put(input.name(), index.size());
            for (String weight : input.weights()) {
                weights.add(weight);
                inputOf.add(index.get(input.name()));
            }
        }
        Metadata.Builder metadata = Metadata.builder()
                .putString("general.type", StatisticsFormat.TYPE)
                .putString(StatisticsFormat.MODEL_NAME, origin.model())
                .putStrings(StatisticsFormat.DATASETS, origin.datasets())
                .putU32(StatisticsFormat.CHUNK_COUNT, origin.chunks().length)
                .putU32(StatisticsFormat.CHUNK_SIZE, origin.chunks()[0].length)
                .putU32(StatisticsFormat.FORMAT_VERSION, StatisticsFormat.VERSION)
                .putBool(StatisticsFormat.FULL, !moments.isEmpty())
                .putString(StatisticsFormat.SOURCE, origin.source())
                .putString(StatisticsFormat.MODEL, origin.fingerprint().model())
                .putString(StatisticsFormat.MODEL_WEIGHTS, origin.fingerprint().weights())
                .putStrings(StatisticsFormat.INPUTS, names)
                .putStrings(
                        StatisticsFormat.KINDS,
                        inputs.stream()
                                .map(input -> input.kind().name().toLowerCase(Locale.ROOT))
                                .toList())
                .putStrings(StatisticsFormat.WEIGHTS, weights)
                .putI32s(
                        StatisticsFormat.WEIGHT_INPUTS,
                        inputOf.stream().mapToInt(Integer::intValue).toArray())
                .put(StatisticsFormat.CHECKSUMS, Checksums.of(entries));
        String tokenWeights = origin.tokenWeights();
        if (tokenWeights != null) {
            metadata.putString(StatisticsFormat.TOKEN_WEIGHTS, tokenWeights);
        }
        return metadata.build();
    }

    private static float[] total(InputSums sum) {
        float[] all = new float[sum.body().length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (sum.body()[i] + sum.sink()[i]);
        }
        return all;
    }

    private static float[] narrow(double[] values) {
        float[] all = new float[values.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) values[i];
        }
        return all;
    }

    private static long[] add(long[] a, long[] b) {
        long[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }
}
