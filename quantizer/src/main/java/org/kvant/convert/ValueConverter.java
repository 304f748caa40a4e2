package org.kvant.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.kvant.gguf.GgmlType;

/**
 * Values between F32, F16 and BF16, bit for bit as PyTorch and numpy convert them in llama.cpp's converter: BF16 goes
 * through F32, narrowing rounds to nearest even. Stateless.
 */
final class ValueConverter {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ValueConverter() {}

    /** Whether tensors of the safetensors dtype are read. */
    static boolean reads(String dtype) {
        return dtype.equals("F32") || dtype.equals("F16") || dtype.equals("BF16");
    }

    /** Bytes of one value of a dtype that is read. */
    static int size(String dtype) {
        return dtype.equals("F32") ? 4 : 2;
    }

    /** Whether values of the dtype are the type's values already. */
    static boolean same(String dtype, GgmlType type) {
        return dtype.equals(type.name());
    }

    /** Reads {@code count} values of the dtype, beginning at the given value, as floats. */
    static void read(String dtype, MemorySegment from, long first, float[] to, int at, int count) {
        switch (dtype) {
            case "F32" -> MemorySegment.copy(from, F32, first * 4, to, at, count);
            case "F16" -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = Float.float16ToFloat(from.get(U16, (first + i) * 2));
                }
            }
            case "BF16" -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = Float.intBitsToFloat(from.get(U16, (first + i) * 2) << 16);
                }
            }
            default -> throw new IllegalArgumentException(dtype);
        }
    }

    /** Adds in the precision that PyTorch would: F16 stays F16, everything else is F32 by then. */
    static void add(String dtype, float shift, float[] values, int count) {
        boolean half = dtype.equals("F16");
        for (int i = 0; i < count; i++) {
            float sum = values[i] + shift;
            values[i] = half ? Float.float16ToFloat(Float.floatToFloat16(sum)) : sum;
        }
    }

    /** Writes {@code count} values as F32, F16 or BF16. */
    static void write(GgmlType type, float[] from, int count, MemorySegment to) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, 0, to, F32, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    to.set(U16, i * 2L, Float.floatToFloat16(from[i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    to.set(U16, i * 2L, bfloat16(from[i]));
                }
            }
            default -> throw new IllegalArgumentException(type.label());
        }
    }

    /** Rounds to nearest even, NaN made quiet, as {@code ggml_compute_fp32_to_bf16}. */
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 64);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}
