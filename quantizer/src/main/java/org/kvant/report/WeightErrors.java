package org.kvant.report;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.quant.GgmlQuant;

/**
 * How far quantized weights are from the reference's: √(Σ(w - ŵ)² / Σw²) of evenly spread rows, up to {@link #SAMPLE} weights of a tensor.
 * Holds the reference open.
 */
final class WeightErrors implements AutoCloseable {
    static final int SAMPLE = 1 << 20;

    private final GgufFile reference;

    private WeightErrors(GgufFile reference) {
        this.reference = reference;
    }

    static WeightErrors against(Path reference) throws IOException {
        return new WeightErrors(GgufFile.open(reference));
    }

    /** Empty if the reference has no such tensor, or it is not quantized, or nothing decodes it. */
    OptionalDouble of(GgufFile file, TensorInfo tensor) {
        Optional<TensorInfo> original = reference.tensor(tensor.name());
        if (!tensor.type().quantized()
                || original.isEmpty()
                || !Arrays.equals(original.get().shape(), tensor.shape())
                || tensor.columns() > SAMPLE) {
            return OptionalDouble.empty();
        }
        long rows = tensor.rows();
        long step = Math.max(1, Math.ceilDiv(rows * tensor.columns(), SAMPLE));
        int columns = (int) tensor.columns();
        float[] mine = new float[columns];
        float[] other = new float[columns];
        MemorySegment data = file.data(tensor);
        MemorySegment originalData = reference.data(original.get());
        double error = 0;
        double energy = 0;
        for (long row = 0; row < rows; row += step) {
            if (!decode(tensor.type(), data, row, mine)
                    || !decode(original.get().type(), originalData, row, other)) {
                return OptionalDouble.empty();
            }
            for (int i = 0; i < columns; i++) {
                double difference = (double) mine[i] - other[i];
                error += difference * difference;
                energy += (double) other[i] * other[i];
            }
        }
        return energy > 0 ? OptionalDouble.of(Math.sqrt(error / energy)) : OptionalDouble.empty();
    }

    private static boolean decode(GgmlType type, MemorySegment data, long row, float[] target) {
        long bytes = type.bytes(target.length);
        if (Codecs.canEncode(type)) {
            Codecs.of(type).decode(data, row * bytes, target, 0, target.length);
            return true;
        }
        if (!GgmlQuant.canQuantize(type)) {
            return false;
        }
        byte[] blocks = data.asSlice(row * bytes, bytes).toArray(ValueLayout.JAVA_BYTE);
        System.arraycopy(GgmlQuant.dequantize(type, blocks, target.length), 0, target, 0, target.length);
        return true;
    }

    @Override
    public void close() {
        reference.close();
    }
}
