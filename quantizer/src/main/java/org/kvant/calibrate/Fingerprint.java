package org.kvant.calibrate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * Tells models apart without reading all of their weights. Two digests: what every precision of a model has in common, and what this very
 * file has.
 *
 * @param model SHA-256, in hex, over the names and shapes of all tensors and the values of the vectors that every GGUF file keeps in F32 (norms
 *     and biases)
 * @param weights SHA-256 over the same, the types, and some bytes of each tensor
 */
public record Fingerprint(String model, String weights) {
    private static final int SAMPLES = 8;
    private static final int SAMPLE_BYTES = 512;

    /** Reads some kilobytes of each tensor. */
    public static Fingerprint of(GgufFile file) {
        MessageDigest model = sha256();
        MessageDigest weights = sha256();
        List<TensorInfo> tensors = file.tensors().stream()
                .sorted(Comparator.comparing(TensorInfo::name))
                .toList();
        for (TensorInfo tensor : tensors) {
            byte[] head = header(tensor);
            model.update(head);
            weights.update(head);
            weights.update(tensor.type().ggmlName().getBytes(StandardCharsets.UTF_8));
            MemorySegment data = file.data(tensor);
            if (tensor.rows() == 1 && tensor.type() == GgmlType.F32) {
                byte[] values = data.toArray(ValueLayout.JAVA_BYTE);
                model.update(values);
                weights.update(values);
            } else {
                sample(data, weights);
            }
        }
        return new Fingerprint(hex(model), hex(weights));
    }

    private static byte[] header(TensorInfo tensor) {
        byte[] name = tensor.name().getBytes(StandardCharsets.UTF_8);
        long[] shape = tensor.shape();
        ByteBuffer head = ByteBuffer.allocate(2 * Integer.BYTES + name.length + Long.BYTES * shape.length);
        head.putInt(name.length).put(name).putInt(shape.length);
        for (long dimension : shape) {
            head.putLong(dimension);
        }
        return head.array();
    }

    private static void sample(MemorySegment data, MessageDigest digest) {
        long step = Math.max(SAMPLE_BYTES, data.byteSize() / SAMPLES);
        for (long at = 0; at < data.byteSize(); at += step) {
            digest.update(data.asSlice(at, Math.min(SAMPLE_BYTES, data.byteSize() - at))
                    .toArray(ValueLayout.JAVA_BYTE));
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
