package org.kvant.quantize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.TensorInfo;

/**
 * An importance matrix: for each tensor the mean of the squared inputs its columns were multiplied with (llama.cpp's
 * llama-imatrix). Immutable.
 */
public final class Imatrix {
    private final Path file;
    private final Map<String, float[]> importance;
    private final List<String> datasets;
    private final int chunks;

    Imatrix(Path file, Map<String, float[]> importance, List<String> datasets, int chunks) {
        this.file = file;
        this.importance = Collections.unmodifiableSortedMap(new TreeMap<>(importance));
        this.datasets = List.copyOf(datasets);
        this.chunks = chunks;
    }

    /**
     * Reads either of llama.cpp's formats, told apart by the file's first bytes.
     *
     * @throws QuantizeException if the file is damaged or holds values that no imatrix can hold
     */
    public static Imatrix read(Path file) throws IOException {
        return ImatrixReader.read(file);
    }

    /** The file as it was named. */
    public Path file() {
        return file;
    }

    /** The texts it was computed on, if the file says so. */
    public List<String> datasets() {
        return datasets;
    }

    /** Chunks of text it was computed on; 0 if unknown. */
    public int chunks() {
        return chunks;
    }

    /** Number of tensors it knows. */
    public int size() {
        return importance.size();
    }

    /** Names of the tensors that it knows, sorted. */
    Set<String> names() {
        return importance.keySet();
    }

    /** Differs with any name or value, and does not with the file's name or age. */
    public String identity() {
        MessageDigest digest = RoundedStore.sha256();
        importance.forEach((name, values) -> {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
            bytes.asFloatBuffer().put(values);
            digest.update((name + " " + values.length + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(bytes.array());
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Keeps the tensors whose name contains one of the parts; all if there are none. */
    public Imatrix including(List<String> parts) {
        return parts.isEmpty() ? this : filtered(name -> parts.stream().anyMatch(name::contains));
    }

    /** Drops the tensors whose name contains one of the parts. */
    public Imatrix excluding(List<String> parts) {
        return parts.isEmpty() ? this : filtered(name -> parts.stream().noneMatch(name::contains));
    }

    private Imatrix filtered(Predicate<String> keep) {
        Map<String, float[]> kept = new TreeMap<>(importance);
        kept.keySet().removeIf(keep.negate());
        return new Imatrix(file, kept, datasets, chunks);
    }

    /**
     * The importance of a tensor's columns: {@code columns} values, or for stacked experts as many for each, one expert
     * after the other. Null if it has none. The array is shared and must not be written.
     *
     * @throws QuantizeException if the entry was made for another shape
     */
    public float @Nullable [] of(TensorInfo tensor) throws QuantizeException {
        float[] values = importance.get(tensor.name());
        if (values == null) {
            return null;
        }
        long[] shape = tensor.shape();
        long expected = shape[0] * (shape.length > 2 ? shape[2] : 1);
        if (values.length == expected) {
            return values;
        }
        if (TensorCategory.of(tensor.name()) == TensorCategory.TOKEN_EMBEDDING) {
            return null; // rows are looked up there, not multiplied: llama-imatrix counts something else
        }
        throw new QuantizeException(file + ": has " + values.length + " values for tensor " + tensor.name()
                + ", which needs " + expected + "; this importance matrix was made for another model");
    }
}
