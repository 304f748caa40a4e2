package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kvant.gguf.GgmlType;

class ValueConverterTest {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Test
    void everySixteenBitNumberSurvives() {
        for (GgmlType type : new GgmlType[] {GgmlType.F16, GgmlType.BF16}) {
            MemorySegment in = MemorySegment.ofArray(new byte[1 << 17]);
            for (int i = 0; i < 1 << 16; i++) {
                in.set(U16, 2L * i, (short) i);
            }
            float[] values = new float[1 << 16];
            ValueConverter.read(type.name(), in, 0, values, 0, values.length);
            MemorySegment out = MemorySegment.ofArray(new byte[1 << 17]);
            ValueConverter.write(type, values, values.length, out);
            for (int i = 0; i < 1 << 16; i++) {
                if (!Float.isNaN(values[i])) {
                    assertThat(out.get(U16, 2L * i)).isEqualTo((short) i);
                }
            }
        }
    }

    @Test
    void bfloat16IsTheNearestAndTheEvenOneOfTwo() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 100_000; i++) {
            // Half of them ties.
            int bits = i % 2 == 0 ? random.nextInt() : random.nextInt() & 0xFFFF0000 | 0x8000;
            float value = Float.intBitsToFloat(bits);
            if (!Float.isFinite(value)) {
                continue;
            }
            int below = bits >>> 16;
            // As doubles the two candidates and the distances to them are exact, past the largest too.
            double low = Float.intBitsToFloat(below << 16);
            double step = Math.scalb(1.0, Math.max(Math.getExponent(value), Float.MIN_EXPONENT) - 7);
            double high = low + Math.copySign(step, low);
            double toLow = Math.abs(value - low);
            double toHigh = Math.abs(high - value);
            int expected = toLow < toHigh || toLow == toHigh && below % 2 == 0 ? below : below + 1;
            assertThat(ValueConverter.bfloat16(value)).as("%a", value).isEqualTo((short) expected);
        }
    }

    @Test
    void bfloat16KeepsNaNsAndInfinities() {
        assertThat(ValueConverter.bfloat16(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7f80);
        assertThat(ValueConverter.bfloat16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xff80);
        // A NaN whose payload is in the bits that are cut off stays one.
        assertThat(ValueConverter.bfloat16(Float.intBitsToFloat(0x7f800001))).isEqualTo((short) 0x7fc0);
        assertThat(ValueConverter.bfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
    }

    @Test
    void shiftedHalvesStayHalves() {
        float tiny = Float.float16ToFloat(Float.floatToFloat16(0.0003f));
        float[] values = {tiny};
        ValueConverter.add("F16", 1, values, 1);
        assertThat(values[0]).isEqualTo(1.0f);
        values[0] = tiny;
        ValueConverter.add("BF16", 1, values, 1);
        assertThat(values[0]).isEqualTo(1 + tiny);
    }

    @Test
    void rowsOfAHeadInterleaveItsHalves() {
        long[] rows = new long[8];
        java.util.Arrays.setAll(rows, i -> RowOrder.source(i + 8, 8));
        assertThat(rows).containsExactly(8, 12, 9, 13, 10, 14, 11, 15);
    }
}
