package org.kvant.round;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** The grids of the types whose weights are scalars. */
final class Grids {

    private static final Map<GgmlType, Grid> GRIDS = new EnumMap<>(GgmlType.class);

    static {
        Levels four = Levels.uniform(0, 15);
        Levels five = Levels.uniform(0, 31);
        Levels ternary = Levels.uniform(-1, 1);
        Levels nonLinear = Levels.nonLinear();
        put(new PlainGrid(GgmlType.Q4_0, Levels.uniform(-8, 7), new SmallLayouts.Nibble(false, false)));
        put(new PlainGrid(GgmlType.Q5_0, Levels.uniform(-16, 15), new SmallLayouts.Nibble(false, true)));
        put(new PlainGrid(GgmlType.Q8_0, Levels.uniform(-127, 127), new SmallLayouts.Bytes()));
        put(new PlainGrid(GgmlType.IQ4_NL, nonLinear, new SmallLayouts.Nibble(false, false)));
        put(new PlainGrid(GgmlType.Q1_0, Levels.signs(), new SmallLayouts.Consecutive(128, 1)));
        put(new PlainGrid(GgmlType.Q2_0, Levels.uniform(-1, 2), new SmallLayouts.Consecutive(64, 2)));
        put(new PlainGrid(GgmlType.TQ1_0, ternary, new SuperLayouts.Tq10()));
        put(new PlainGrid(GgmlType.TQ2_0, ternary, new SuperLayouts.Tq20()));
        put(new OffsetGrid(GgmlType.Q4_1, four, new SmallLayouts.Nibble(true, false)));
        put(new OffsetGrid(GgmlType.Q5_1, five, new SmallLayouts.Nibble(true, true)));
        // E8M0 255 is NaN, and so is E4M3 0x7f; both scales are halved, as the levels are doubled.
        put(new TableGrid(
                GgmlType.MXFP4, Levels.fp4(), 32, 255, e -> Math.scalb(1.0, e - 128), new SmallLayouts.Fp4(1, 16)));
        put(new TableGrid(GgmlType.NVFP4, Levels.fp4(), 16, 0x7f, Grids::e4m3, new SmallLayouts.Fp4(4, 8)));
        put(new SignedGrid(GgmlType.Q3_K, Levels.uniform(-4, 3), 16, -32, 31, new SuperLayouts.Q3K()));
        put(new SignedGrid(GgmlType.Q6_K, Levels.uniform(-32, 31), 16, -128, 127, new SuperLayouts.Q6K()));
        put(new SignedGrid(GgmlType.IQ4_XS, nonLinear, 32, -32, 31, new SuperLayouts.Iq4Xs()));
        put(new AffineGrid(GgmlType.Q2_K, Levels.uniform(0, 3), 16, 15, new SuperLayouts.Q2K()));
        put(new AffineGrid(GgmlType.Q4_K, four, 32, 63, new SuperLayouts.Q45K(false)));
        put(new AffineGrid(GgmlType.Q5_K, five, 32, 63, new SuperLayouts.Q45K(true)));
    }

    private Grids() {}

    private static void put(Grid grid) {
        GRIDS.put(grid.type, grid);
    }

    /** {@code ggml_ue4m3_to_fp32}. */
    private static double e4m3(int code) {
        int exponent = code >> 3;
        int mantissa = code & 7;
        return exponent == 0 ? Math.scalb(mantissa, -10) : Math.scalb(1 + mantissa / 8.0, exponent - 8);
    }

    static @Nullable Grid of(GgmlType type) {
        return GRIDS.get(type);
    }
}
