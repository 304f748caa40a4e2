package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * F16 and BF16. Both round to nearest even. A finite value that would become infinite is refused: a weight that large is a
 * mistake to be seen, not to be passed on.
 */
abstract sealed class Float16Codec implements Codec {

    private static final ValueLayout.OfShort LAYOUT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Values converted at a time, between cache and cache. */
    private static final int PIECE = 1 << 13;

    private final GgmlType type;

    /** The exponent bits, all set in infinities and NaN. */
    private final int exponentMask;

    private Float16Codec(GgmlType type, int exponentMask) {
        this.type = type;
        this.exponentMask = exponentMask;
    }

    abstract short toHalf(float value);

    abstract void toHalves(float[] src, int srcOffset, short[] halves, int n);

    abstract void toFloats(short[] halves, float[] dst, int dstOffset, int n);

    @Override
    public GgmlType type() {
        return type;
    }

    @Override
    public boolean usesImportance() {
        return false;
    }

    @Override
    public void encode(
            float[] src,
            int srcOffset,
            MemorySegment dst,
            long dstOffset,
            int rows,
            int columns,
            float @Nullable [] importance) {
        CodecArguments.checkEncode(type, src, srcOffset, dst, dstOffset, rows, columns, importance);
        int n = rows * columns;
        short[] halves = new short[Math.min(n, PIECE)];
        for (int done = 0; done < n; done += PIECE) {
            int count = Math.min(PIECE, n - done);
            // Rounding keeps the order of magnitudes: if the largest stays finite, all do.
            if (infinite(largestMagnitude(src, srcOffset + done, count))) {
                throw refused(src, srcOffset, done, columns);
            }
            toHalves(src, srcOffset + done, halves, count);
            MemorySegment.copy(halves, 0, dst, LAYOUT, dstOffset + 2L * done, count);
        }
    }

    /** NaN wins. */
    private static float largestMagnitude(float[] x, int xo, int n) {
        float largest = 0;
        for (int i = xo; i < xo + n; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }

    private boolean infinite(float value) {
        return (toHalf(value) & exponentMask) == exponentMask;
    }

    private CodecException refused(float[] src, int srcOffset, int from, int columns) {
        int index = from;
        while (!infinite(src[srcOffset + index])) {
            index++;
        }
        float value = src[srcOffset + index];
        return new CodecException(
                Float.isFinite(value)
                        ? "row %d, column %d is %s, too large for %s; a wider type such as F32 holds it"
                                .formatted(index / columns, index % columns, value, type.label())
                        : "row %d, column %d is %s: %s holds finite values only"
                                .formatted(index / columns, index % columns, value, type.label()));
    }

    @Override
    public void decode(MemorySegment src, long srcOffset, float[] dst, int dstOffset, long elements) {
        CodecArguments.checkDecode(type, src, srcOffset, dst, dstOffset, elements);
        int n = (int) elements;
        short[] halves = new short[Math.min(n, PIECE)];
        for (int done = 0; done < n; done += PIECE) {
            int count = Math.min(PIECE, n - done);
            MemorySegment.copy(src, LAYOUT, srcOffset + 2L * done, halves, 0, count);
            toFloats(halves, dst, dstOffset + done, count);
        }
    }

    /** IEEE 754 binary16. The conversions are JIT intrinsics, and the loops around them are vectorised. */
    static final class F16 extends Float16Codec {

        F16() {
            super(GgmlType.F16, 0x7c00);
        }

        @Override
        short toHalf(float value) {
            return Float.floatToFloat16(value);
        }

        @Override
        void toHalves(float[] src, int srcOffset, short[] halves, int n) {
            for (int i = 0; i < n; i++) {
                halves[i] = Float.floatToFloat16(src[srcOffset + i]);
            }
        }

        @Override
        void toFloats(short[] halves, float[] dst, int dstOffset, int n) {
            for (int i = 0; i < n; i++) {
                dst[dstOffset + i] = Float.float16ToFloat(halves[i]);
            }
        }
    }

    /** bfloat16: the upper half of a binary32. */
    static final class Bf16 extends Float16Codec {

        Bf16() {
            super(GgmlType.BF16, 0x7f80);
        }

        /** Half to even. The carry of some NaNs would make them finite; the canonical one stays what it is. */
        @Override
        short toHalf(float value) {
            int bits = Float.floatToIntBits(value);
            return (short) (bits + 0x7fff + (bits >> 16 & 1) >> 16);
        }

        @Override
        void toHalves(float[] src, int srcOffset, short[] halves, int n) {
            for (int i = 0; i < n; i++) {
                int bits = Float.floatToRawIntBits(src[srcOffset + i]);
                halves[i] = (short) (bits + 0x7fff + (bits >> 16 & 1) >> 16);
            }
        }

        @Override
        void toFloats(short[] halves, float[] dst, int dstOffset, int n) {
            for (int i = 0; i < n; i++) {
                dst[dstOffset + i] = Float.intBitsToFloat(halves[i] << 16);
            }
        }
    }
}
