package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;
import org.kvant.gguf.TensorSpec;

/** Arrays in GGUF files: writes a list of them atomically, and reads them back with their type and length checked. */
final class TensorStore {
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What a byte buffer can hold. */
    private static final long CHECKED_BYTES = 1L << 30;

    private TensorStore() {}

    /** A tensor and where its bytes come from when its turn comes. */
    record Entry(TensorSpec spec, Supplier<MemorySegment> data) {
        static Entry floats(String name, Supplier<float[]> values, long... shape) {
            return new Entry(new TensorSpec(name, GgmlType.F32, trimmed(shape)), () -> bytes(values.get()));
        }

        /** Floats in little-endian order that lie ready somewhere. */
        static Entry of(String name, Supplier<MemorySegment> floats, long... shape) {
            return new Entry(new TensorSpec(name, GgmlType.F32, trimmed(shape)), floats);
        }

        static Entry ints(String name, int[] values, long... shape) {
            return new Entry(new TensorSpec(name, GgmlType.I32, shape), () -> {
                MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * Integer.BYTES]);
                MemorySegment.copy(values, 0, bytes, INT, 0, values.length);
                return bytes;
            });
        }

        static Entry doubles(String name, double[] values) {
            return new Entry(new TensorSpec(name, GgmlType.F64, new long[] {values.length}), () -> {
                MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * Double.BYTES]);
                MemorySegment.copy(values, 0, bytes, DOUBLE, 0, values.length);
                return bytes;
            });
        }

        static Entry longs(String name, long[] values) {
            return new Entry(new TensorSpec(name, GgmlType.I64, new long[] {values.length}), () -> {
                MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * Long.BYTES]);
                MemorySegment.copy(values, 0, bytes, LONG, 0, values.length);
                return bytes;
            });
        }

        /** ggml drops dimensions of 1 at the end when it writes a file. */
        private static long[] trimmed(long[] shape) {
            int dimensions = shape.length;
            while (dimensions > 1 && shape[dimensions - 1] == 1) {
                dimensions--;
            }
            return Arrays.copyOf(shape, dimensions);
        }

        private static MemorySegment bytes(float[] values) {
            MemorySegment bytes = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, Float.BYTES)]);
            MemorySegment.copy(values, 0, bytes, FLOAT, 0, values.length);
            return bytes;
        }
    }

    /** Nothing stands under the name until everything is on the disk. */
    static void write(Path file, Metadata metadata, List<Entry> entries) throws IOException {
        try (GgufWriter writer = GgufWriter.create(
                file, metadata, entries.stream().map(Entry::spec).toList())) {
            for (Entry entry : entries) {
                writer.write(entry.spec().name(), entry.data().get());
            }
            writer.commit();
        }
    }

    /** CRC-32C of some bytes. */
    static int checksum(MemorySegment bytes) {
        CRC32C sum = new CRC32C();
        for (long at = 0; at < bytes.byteSize(); at += CHECKED_BYTES) {
            sum.update(bytes.asSlice(at, Math.min(CHECKED_BYTES, bytes.byteSize() - at))
                    .asByteBuffer());
        }
        return (int) sum.getValue();
    }

    static float[] floats(GgufFile file, String name, long elements) throws CalibrateException {
        return segment(file, name, GgmlType.F32, elements).toArray(FLOAT);
    }

    static double[] doubles(GgufFile file, String name, long elements) throws CalibrateException {
        return segment(file, name, GgmlType.F64, elements).toArray(DOUBLE);
    }

    static long[] longs(GgufFile file, String name, long elements) throws CalibrateException {
        return segment(file, name, GgmlType.I64, elements).toArray(LONG);
    }

    /** The bytes of a tensor of a type and number of elements. */
    static MemorySegment segment(GgufFile file, String name, GgmlType type, long elements) throws CalibrateException {
        TensorInfo tensor = file.tensor(name)
                .orElseThrow(() -> new CalibrateException(file.path() + ": has no tensor " + name + "; it is damaged"));
        if (tensor.type() != type || tensor.elements() != elements) {
            throw new CalibrateException(file.path() + ": tensor " + name + " has " + tensor.elements() + " "
                    + tensor.type().label() + " instead of " + elements + " " + type.label() + "; it is damaged");
        }
        return file.data(tensor);
    }
}
