package org.kvant.round;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codebook;
import org.kvant.gguf.GgmlType;
import org.kvant.round.PointSet.Signs;

/** The grids of all types that hold weights in blocks. */
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
        putCodebooks();
    }

    private Grids() {}

    private static void putCodebooks() {
        float[] two = {8, 25, 43};
        put(new CodebookGrid(
                GgmlType.IQ2_XXS,
                () -> new PointSet(Codebook.IQ2_XXS, Signs.EVEN, two),
                32,
                0.125f,
                0.25f,
                15,
                new CodebookLayouts.Iq2Xxs()));
        put(new CodebookGrid(
                GgmlType.IQ2_XS,
                () -> new PointSet(Codebook.IQ2_XS, Signs.EVEN, two),
                16,
                0.125f,
                0.25f,
                15,
                new CodebookLayouts.Iq2Xs()));
        put(new CodebookGrid(
                GgmlType.IQ2_S,
                () -> new PointSet(Codebook.IQ2_S, Signs.FREE, two),
                16,
                0.125f,
                0.25f,
                15,
                new CodebookLayouts.Iq2S()));
        put(new CodebookGrid(
                GgmlType.IQ3_XXS,
                () -> new PointSet(Codebook.IQ3_XXS, Signs.EVEN, new float[] {4, 12, 20, 28, 36, 44, 52, 62}),
                32,
                0.25f,
                0.5f,
                15,
                new CodebookLayouts.Iq3Xxs()));
        put(new CodebookGrid(
                GgmlType.IQ3_S,
                () -> new PointSet(Codebook.IQ3_S, Signs.FREE, new float[] {1, 3, 5, 7, 9, 11, 13, 15}),
                32,
                1,
                2,
                15,
                new CodebookLayouts.Iq3S()));
        float[] up = {-0.875f, 0.125f, 1.125f};
        float[] down = {-1.125f, -0.125f, 0.875f};
        put(new CodebookGrid(
                GgmlType.IQ1_S,
                () -> new PointSet(Codebook.IQ1, Signs.GROUP_SHIFT, up, down),
                32,
                1,
                2,
                7,
                new CodebookLayouts.Iq1S()));
        put(new CodebookGrid(
                GgmlType.IQ1_M,
                () -> new PointSet(Codebook.IQ1, Signs.SHIFT, up, down),
                16,
                1,
                2,
                7,
                new CodebookLayouts.Iq1M()));
    }

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
