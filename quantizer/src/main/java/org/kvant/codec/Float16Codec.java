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
            toHalves(src, srcOffset + done, halves, count);
            for (int i = 0; i < count; i++) {
                if ((halves[i] & exponentMask) == exponentMask) {
                    throw refuse(src[srcOffset + done + i], done + i, columns);
                }
            }
            MemorySegment.copy(halves, 0, dst, LAYOUT, dstOffset + 2L * done, count);
        }
    }

    private CodecException refuse(float value, int index, int columns) {
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

        @Override
        void toHalves(float[] src, int srcOffset, short[] halves, int n) {
            for (int i = 0; i < n; i++) {
                int bits = Float.floatToRawIntBits(src[srcOffset + i]);
                // Half to even; the carry of a NaN could make it finite, so it keeps its upper bits and becomes quiet.
                boolean nan = (bits & 0x7fffffff) > 0x7f800000;
                halves[i] = (short) (nan ? bits >> 16 | 64 : bits + 0x7fff + (bits >> 16 & 1) >> 16);
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
