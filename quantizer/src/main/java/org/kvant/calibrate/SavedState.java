package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;

/**
 * Sums and moments after some chunks, bit for bit, so that an interrupted run ends with what an uninterrupted one has. Tensors are called
 * {@code INPUT.body}, {@code .sink}, {@code .counts}, {@code .moment}, {@code .rows} and {@code .row_weights}.
 *
 * @param chunk chunks that are in it
 * @param sums by input's name; may be empty
 * @param moments by input's name; may be empty
 */
record SavedState(int chunk, Map<String, InputSums> sums, Map<String, FullMoment> moments) {
    private static final String CHUNK = "kvant.partial.chunk";
    private static final String SUMS = "kvant.partial.sums";
    private static final String MOMENTS = "kvant.partial.moments";

    /** The same sums and moments, which go on growing, after another number of chunks. */
    SavedState at(int chunks) {
        return new SavedState(chunks, sums, moments);
    }

    void write(Path file) throws IOException {
        Metadata metadata = Metadata.builder()
                .putU32(CHUNK, chunk)
                .putStrings(SUMS, List.copyOf(sums.keySet()))
                .putStrings(MOMENTS, List.copyOf(moments.keySet()))
                .build();
        List<TensorStore.Entry> entries = new ArrayList<>();
        sums.forEach((name, sum) -> {
            entries.add(TensorStore.Entry.doubles(name + ".body", sum.body()));
            entries.add(TensorStore.Entry.doubles(name + ".sink", sum.sink()));
            long[] counts = new long[2 * sum.bodyCounts().length];
            System.arraycopy(sum.bodyCounts(), 0, counts, 0, counts.length / 2);
            System.arraycopy(sum.sinkCounts(), 0, counts, counts.length / 2, counts.length / 2);
            entries.add(TensorStore.Entry.longs(name + ".counts", counts));
        });
        moments.forEach((name, moment) -> entries.addAll(entries(name, moment)));
        TensorStore.write(file, metadata, entries);
    }

    private static List<TensorStore.Entry> entries(String name, FullMoment moment) {
        List<TensorStore.Entry> entries = new ArrayList<>();
        MemorySegment triangles = moment.triangles();
        entries.add(new TensorStore.Entry(
                new TensorSpec(name + ".moment", GgmlType.F32, new long[] {triangles.byteSize() / Float.BYTES}),
                () -> triangles));
        List<SinkRows.Row> rows = moment.sink().rows();
        if (!rows.isEmpty()) {
            int columns = rows.getFirst().values().length;
            double[] weights = new double[2 * rows.size()];
            float[] values = new float[Math.multiplyExact(columns, rows.size())];
            for (int i = 0; i < rows.size(); i++) {
                weights[2 * i] = rows.get(i).matrix();
                weights[2 * i + 1] = rows.get(i).weight();
                System.arraycopy(rows.get(i).values(), 0, values, i * columns, columns);
            }
            entries.add(TensorStore.Entry.floats(name + ".rows", () -> values, columns, rows.size()));
            entries.add(TensorStore.Entry.doubles(name + ".row_weights", weights));
        }
        return entries;
    }

    /**
     * Reads a state back; of the moments those in the file.
     *
     * @param arena holds the moments
     */
    static SavedState read(Path file, Map<String, LinearInput> inputs, Arena arena) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            Map<String, InputSums> sums = sums(gguf, inputs);
            Map<String, FullMoment> moments = new LinkedHashMap<>();
            for (String name : gguf.metadata().strings(MOMENTS)) {
                moments.put(name, moment(gguf, input(file, inputs, name), arena));
            }
            return new SavedState(Math.toIntExact(gguf.metadata().integer(CHUNK)), sums, moments);
        } catch (GgufException e) {
            throw damaged(e);
        }
    }

    /**
     * What is in a file.
     *
     * @param sums names of the inputs whose sums it has
     * @param moments names of those whose moments it has
     */
    record Contents(List<String> sums, List<String> moments) {}

    static Contents contents(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return new Contents(gguf.metadata().strings(SUMS), gguf.metadata().strings(MOMENTS));
        } catch (GgufException e) {
            throw damaged(e);
        }
    }

    /** The sums in a file, without the moments. */
    static Map<String, InputSums> readSums(Path file, Map<String, LinearInput> inputs) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return sums(gguf, inputs);
        } catch (GgufException e) {
            throw damaged(e);
        }
    }

    private static Map<String, InputSums> sums(GgufFile gguf, Map<String, LinearInput> inputs) throws IOException {
        Map<String, InputSums> sums = new LinkedHashMap<>();
        for (String name : gguf.metadata().strings(SUMS)) {
            sums.put(name, sums(gguf, input(gguf.path(), inputs, name)));
        }
        return sums;
    }

    private static CalibrateException damaged(GgufException e) {
        return new CalibrateException(
                "the state of the unfinished run is damaged; remove the folder to begin anew: " + e.getMessage(), e);
    }

    private static LinearInput input(Path file, Map<String, LinearInput> inputs, String name)
            throws CalibrateException {
        LinearInput input = inputs.get(name);
        if (input == null) {
            throw new CalibrateException(
                    file + ": has the input " + name + ", which the model has not; remove the folder to begin anew");
        }
        return input;
    }

    private static InputSums sums(GgufFile gguf, LinearInput input) throws CalibrateException {
        long values = (long) input.columns() * input.matrices();
        int kept = input.countsKept();
        long[] counts = TensorStore.longs(gguf, input.name() + ".counts", 2L * kept);
        long[] body = new long[kept];
        long[] sink = new long[kept];
        System.arraycopy(counts, 0, body, 0, kept);
        System.arraycopy(counts, kept, sink, 0, kept);
        return new InputSums(
                input,
                TensorStore.doubles(gguf, input.name() + ".body", values),
                TensorStore.doubles(gguf, input.name() + ".sink", values),
                body,
                sink);
    }

    private static FullMoment moment(GgufFile gguf, LinearInput input, Arena arena) throws CalibrateException {
        FullMoment moment = new FullMoment(input, arena);
        moment.restore(
                TensorStore.segment(gguf, input.name() + ".moment", GgmlType.F32, input.triangle() * input.matrices()));
        sinkRows(gguf, input).forEach(row -> moment.sink().add(row.matrix(), row.weight(), row.values()));
        return moment;
    }

    /** The sink's vectors of an input whose moment is in the file. */
    static List<SinkRows.Row> sinkRows(GgufFile gguf, LinearInput input) throws CalibrateException {
        List<SinkRows.Row> rows = new ArrayList<>();
        var tensor = gguf.tensor(input.name() + ".row_weights");
        if (tensor.isPresent()) {
            int count = Math.toIntExact(tensor.get().elements() / 2);
            double[] weights = TensorStore.doubles(gguf, input.name() + ".row_weights", 2L * count);
            float[] values = TensorStore.floats(gguf, input.name() + ".rows", (long) count * input.columns());
            for (int i = 0; i < count; i++) {
                float[] row = new float[input.columns()];
                System.arraycopy(values, i * input.columns(), row, 0, row.length);
                rows.add(new SinkRows.Row((int) weights[2 * i], weights[2 * i + 1], row));
            }
        }
        return rows;
    }
}
