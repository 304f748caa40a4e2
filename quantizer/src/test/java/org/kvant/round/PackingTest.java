package org.kvant.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;

/** Random scales and codes through the layouts: what the algorithms assume is what the library decodes. */
class PackingTest {

    private static final int BLOCKS = 40;

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(t -> Grids.of(t) != null);
    }

    private static Code random(Grid grid, Random r) {
        Code code = grid.newCode(BLOCKS * grid.block);
        for (int j = 0; j < code.places.length; j++) {
            code.places[j] = (byte) r.nextInt(grid.levels.count());
        }
        if (grid instanceof CodebookGrid codebook) {
            randomPoints(codebook, code, r);
        }
        for (int b = 0; b < BLOCKS; b++) {
            code.d[b] = Grid.half(r.nextGaussian());
            code.dmin[b] = Grid.half(r.nextGaussian());
        }
        for (int g = 0; g < code.s.length; g++) {
            code.s[g] = (short) integer(grid.type, r);
            code.m[g] = (short) integer(grid.type, r);
        }
        for (int b = 0; b < BLOCKS; b++) {
            grid.decodeScales(code, b);
        }
        return code;
    }

    private static void randomPoints(CodebookGrid grid, Code code, Random r) {
        for (int i = 0; i < code.points.length; i++) {
            code.points[i] = (short) r.nextInt(grid.set().points.length);
        }
        for (int u = 0; u < code.signs.length; u++) {
            code.signs[u] = switch (grid.set().signs) {
                case FREE -> (byte) r.nextInt(256);
                case EVEN -> {
                    int seven = r.nextInt(128);
                    yield (byte) (seven | (Integer.bitCount(seven) % 2) << 7);
                }
                case SHIFT -> (byte) r.nextInt(2);
                case GROUP_SHIFT -> u % (grid.group / 8) == 0 ? (byte) r.nextInt(2) : code.signs[u - 1];
            };
        }
    }

    private static int integer(GgmlType type, Random r) {
        return switch (type) {
            case Q2_K -> r.nextInt(16);
            case Q4_K, Q5_K -> r.nextInt(64);
            case Q3_K, IQ4_XS -> r.nextInt(64) - 32;
            case Q6_K -> r.nextInt(256) - 128;
            case MXFP4 -> 2 + r.nextInt(253);
            case NVFP4 -> r.nextInt(0x7f);
            case IQ1_S, IQ1_M -> r.nextInt(8);
            case IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S -> r.nextInt(16);
            default -> 0;
        };
    }

    @ParameterizedTest
    @MethodSource("types")
    void bytesDecodeToTheAssumedValues(GgmlType type) {
        Grid grid = Objects.requireNonNull(Grids.of(type));
        Code code = random(grid, Seed.random("packing " + type));
        int columns = BLOCKS * grid.block;
        float[] values = new float[columns];
        grid.values(code, 0, columns, values);
        byte[] bytes = pack(grid, code);

        Inputs.assertSame("decoded by ggml", GgmlQuant.dequantize(type, bytes, columns), values);
        float[] decoded = new float[columns];
        Codecs.of(type).decode(MemorySegment.ofArray(bytes), 0, decoded, 0, columns);
        Inputs.assertSame("decoded by the codec", decoded, values);
    }

    @ParameterizedTest
    @MethodSource("types")
    void unpackingGivesWhatWasPacked(GgmlType type) {
        Grid grid = Objects.requireNonNull(Grids.of(type));
        Code code = random(grid, Seed.random("unpacking " + type));
        byte[] bytes = pack(grid, code);
        Code back = grid.newCode(BLOCKS * grid.block);
        for (int b = 0; b < BLOCKS; b++) {
            grid.layout.unpack(bytes, b * type.typeSize(), grid.levels, back, b);
            grid.decodeScales(back, b);
        }
        assertThat(back.places).isEqualTo(code.places);
        assertThat(back.points).isEqualTo(code.points);
        assertThat(back.signs).isEqualTo(code.signs);
        assertThat(back.step).isEqualTo(code.step);
        assertThat(back.offset).isEqualTo(code.offset);
        assertThat(pack(grid, back)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource("types")
    void theLibrarysBlocksUnpackToWhatItDecodes(GgmlType type) {
        Grid grid = Objects.requireNonNull(Grids.of(type));
        int columns = BLOCKS * grid.block;
        float[] w = Inputs.weights(Seed.random("library " + type), columns);
        float[] importance = new float[columns];
        Arrays.fill(importance, 1);
        byte[] bytes = new byte[BLOCKS * type.typeSize()];
        // Whose bytes are the library's; its tables for these types would take it a long time.
        Codecs.of(type).encode(w, 0, MemorySegment.ofArray(bytes), 0, 1, columns, importance);
        Code code = grid.newCode(columns);
        for (int b = 0; b < BLOCKS; b++) {
            grid.layout.unpack(bytes, b * type.typeSize(), grid.levels, code, b);
            grid.decodeScales(code, b);
        }
        float[] values = new float[columns];
        grid.values(code, 0, columns, values);
        Inputs.assertSame("unpacked", values, GgmlQuant.dequantize(type, bytes, columns));
    }

    private static byte[] pack(Grid grid, Code code) {
        byte[] bytes = new byte[BLOCKS * grid.type.typeSize()];
        // Whatever was there must not shine through.
        Arrays.fill(bytes, (byte) 0x5a);
        for (int b = 0; b < BLOCKS; b++) {
            grid.layout.pack(code, b, grid.levels, bytes, b * grid.type.typeSize());
        }
        return bytes;
    }
}
