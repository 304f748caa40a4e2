package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/** Reads llama.cpp's importance matrices (common/imatrix-loader.cpp, tools/quantize/quantize.cpp). */
final class ImatrixReader {
    private static final int GGUF_MAGIC = 0x46554747;
    static final String DATASETS = "imatrix.datasets";
    private static final String SUMS = ".in_sum2";
    private static final String COUNTS = ".counts";

    private ImatrixReader() {}

    static Imatrix read(Path file) throws IOException {
        int magic;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            java.nio.ByteBuffer first = java.nio.ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            while (first.hasRemaining() && channel.read(first) >= 0) {}
            if (first.hasRemaining()) {
                throw new QuantizeException(file + ": is too short for an importance matrix");
            }
            magic = first.getInt(0);
        }
        Imatrix imatrix = magic == GGUF_MAGIC ? readGguf(file) : LegacyImatrixReader.read(file);
        if (imatrix.size() == 0) {
            throw new QuantizeException(file + ": holds no importance values (tensors ending in " + SUMS + ")");
        }
        return imatrix;
    }

    /** Pairs of tensors: sums of squares, one row an expert, and how many activations each row sums. */
    private static Imatrix readGguf(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            for (String key : List.of(DATASETS, "imatrix.chunk_count", "imatrix.chunk_size")) {
                if (!gguf.metadata().has(key)) {
                    throw new QuantizeException(file + ": has no " + key
                            + ", so it is not an importance matrix; make one with llama-imatrix");
                }
            }
            Map<String, float[]> importance = new TreeMap<>();
            for (TensorInfo sums : gguf.tensors()) {
                if (!sums.name().endsWith(SUMS)) {
                    if (sums.name().endsWith(COUNTS)
                            && gguf.tensor(stem(sums.name(), COUNTS) + SUMS).isEmpty()) {
                        throw new QuantizeException(
                                file + ": has " + sums.name() + " but no " + stem(sums.name(), COUNTS) + SUMS);
                    }
                    continue;
                }
                String name = stem(sums.name(), SUMS);
                TensorInfo counts = gguf.tensor(name + COUNTS)
                        .orElseThrow(() ->
                                new QuantizeException(file + ": has " + name + SUMS + " but no " + name + COUNTS));
                importance.put(name, means(file, name, floats(file, gguf, sums), floats(file, gguf, counts)));
            }
            return new Imatrix(file, importance, gguf.metadata().strings(DATASETS), (int)
                    gguf.metadata().integer("imatrix.chunk_count"));
        }
    }

    private static String stem(String name, String suffix) {
        return name.substring(0, name.length() - suffix.length());
    }

    private static float[] floats(Path file, GgufFile gguf, TensorInfo tensor) throws QuantizeException {
        if (tensor.type() != GgmlType.F32) {
            throw new QuantizeException(
                    file + ": " + tensor.name() + " is " + tensor.type().label() + ", but must be F32");
        }
        MemorySegment data = gguf.data(tensor);
        return data.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    }

    private static float[] means(Path file, String name, float[] sums, float[] counts) throws QuantizeException {
        if (sums.length % counts.length != 0) {
            throw new QuantizeException(file + ": " + name + " has " + sums.length + " sums for " + counts.length
                    + " counts; the file is damaged");
        }
        int columns = sums.length / counts.length;
        float[] means = new float[sums.length];
        for (int expert = 0; expert < counts.length; expert++) {
            if (!(counts[expert] >= 0 && counts[expert] < Long.MAX_VALUE)) {
                throw new QuantizeException(
                        file + ": " + name + COUNTS + " holds " + counts[expert] + "; the file is damaged");
            }
            float count = Math.round((double) counts[expert]);
            for (int i = expert * columns; i < (expert + 1) * columns; i++) {
                means[i] = count > 0 ? sums[i] / count : 1; // an expert that was never chosen has no preference
            }
        }
        return checked(file, name, means);
    }

    /** Means of squares: anything negative or not finite comes from a damaged file and would poison the fit. */
    static float[] checked(Path file, String name, float[] means) throws QuantizeException {
        for (int i = 0; i < means.length; i++) {
            if (!(means[i] >= 0 && means[i] <= Float.MAX_VALUE)) {
                throw new QuantizeException(file + ": importance " + i + " of tensor " + name + " is " + means[i]
                        + "; the file is damaged, make it anew with llama-imatrix");
            }
        }
        return means;
    }
}
