package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;

class CodecArgumentsTest {

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(Codecs::canEncode);
    }

    private static MemorySegment room(GgmlType type, long elements) {
        return MemorySegment.ofArray(new byte[(int) type.bytes(elements)]);
    }

    @ParameterizedTest
    @MethodSource("types")
    void refusesWhatIsNotFiniteAndSaysWhere(GgmlType type) {
        int columns = 512;
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = new float[3 * columns + 7];
            values[7 + 2 * columns + 300] = bad;
            float[] importance = Codecs.of(type).requiresImportance() ? new float[columns] : null;
            assertThatThrownBy(
                            () -> Codecs.of(type).encode(values, 7, room(type, 3 * columns), 0, 3, columns, importance))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContainingAll("row 2", "column 300", Float.toString(bad), type.label());
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void refusesAnImportanceThatDoesNotFit(GgmlType type) {
        float[] values = new float[512];
        float[] nan = new float[256];
        nan[17] = Float.NaN;
        assertThatThrownBy(() -> Codecs.of(type).encode(values, 0, room(type, 512), 0, 2, 256, new float[255]))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("255", "256");
        assertThatThrownBy(() -> Codecs.of(type).encode(values, 0, room(type, 512), 0, 2, 256, nan))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining("column 17");
        float[] negative = new float[256];
        negative[18] = -1e-9f;
        assertThatThrownBy(() -> Codecs.of(type).encode(values, 0, room(type, 512), 0, 2, 256, negative))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("column 18", "negative");
    }

    @ParameterizedTest
    @MethodSource("types")
    void refusesRangesThatDoNotFit(GgmlType type) {
        Codec codec = Codecs.of(type);
        float[] values = new float[512];
        MemorySegment room = room(type, 512);
        assertThatThrownBy(() -> codec.encode(values, 1, room, 0, 2, 256, null)).isInstanceOf(CodecException.class);
        assertThatThrownBy(() -> codec.encode(values, 0, room, 1, 2, 256, null)).isInstanceOf(CodecException.class);
        assertThatThrownBy(() -> codec.encode(values, 0, room, -1, 2, 256, null))
                .isInstanceOf(CodecException.class);
        assertThatThrownBy(() -> codec.encode(values, 0, room, 0, 1 << 20, 1 << 20, null))
                .isInstanceOf(CodecException.class);
        assertThatThrownBy(() -> codec.decode(room, 1, values, 0, 512)).isInstanceOf(CodecException.class);
        assertThatThrownBy(() -> codec.decode(room, 0, values, 1, 512)).isInstanceOf(CodecException.class);
        if (type.blockSize() > 1) {
            assertThatThrownBy(() -> codec.encode(values, 0, room, 0, 2, 255, null))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContainingAll("255", type.label());
            assertThatThrownBy(() -> codec.decode(room, 0, values, 0, 255))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContaining("255");
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void touchesNothingAroundItsTarget(GgmlType type) {
        byte[] bytes = new byte[(int) type.bytes(512) + 10];
        Arrays.fill(bytes, (byte) 0x55);
        float[] values = new float[516];
        Arrays.fill(values, 0.25f);
        float[] importance = new float[256];
        Arrays.fill(importance, 1);
        Codecs.of(type).encode(values, 2, MemorySegment.ofArray(bytes), 5, 2, 256, importance);
        assertThat(Arrays.copyOf(bytes, 5)).containsOnly(0x55);
        assertThat(Arrays.copyOfRange(bytes, bytes.length - 5, bytes.length)).containsOnly(0x55);
        float[] decoded = new float[516];
        Codecs.of(type).decode(MemorySegment.ofArray(bytes), 5, decoded, 2, 512);
        assertThat(new float[] {decoded[0], decoded[1], decoded[514], decoded[515]})
                .containsOnly(0f);
    }

    @Test
    void refusesAFiniteValueThatItsTypeWouldMakeInfinite() {
        float[] values = {1, 65504, 65520, 2};
        assertThatThrownBy(() -> Codecs.of(GgmlType.F16).encode(values, 0, room(GgmlType.F16, 4), 0, 2, 2, null))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("row 1", "column 0", "65520", "F16");
        float[] large = {0, Float.MAX_VALUE};
        assertThatThrownBy(() -> Codecs.of(GgmlType.BF16).encode(large, 0, room(GgmlType.BF16, 2), 0, 1, 2, null))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("row 0", "column 1", "BF16");
        float[] block = new float[96];
        block[70] = 1e9f;
        assertThatThrownBy(() -> Codecs.of(GgmlType.Q4_0).encode(block, 0, room(GgmlType.Q4_0, 96), 0, 3, 32, null))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("row 2", "columns 0 to 31", "Q4_0");
    }

    @Test
    void refusesToGoWithoutImportanceWhereTheLibraryAborts() {
        Backend.load();
        for (GgmlType type : types().toList()) {
            Codec codec = Codecs.of(type);
            assertThat(codec.requiresImportance()).as(type.label()).isEqualTo(GgmlQuant.requiresImportance(type));
            if (codec.requiresImportance()) {
                assertThatThrownBy(() -> codec.encode(new float[512], 0, room(type, 512), 0, 2, 256, null))
                        .isInstanceOf(CodecException.class)
                        .hasMessageContainingAll(type.label(), "importance", "llama-imatrix");
            }
        }
    }

    @Test
    void saysWhereASearchOverflows() {
        for (GgmlType type : List.of(
                GgmlType.IQ1_S,
                GgmlType.IQ1_M,
                GgmlType.IQ2_XXS,
                GgmlType.IQ2_XS,
                GgmlType.IQ2_S,
                GgmlType.IQ3_XXS,
                GgmlType.IQ3_S)) {
            float[] values = new float[3 * 512];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) Math.sin(i);
            }
            Arrays.fill(values, 2 * 512 + 256, 3 * 512, 1e30f);
            float[] importance = new float[512];
            Arrays.fill(importance, 1e10f);
            assertThatThrownBy(() -> Codecs.of(type).encode(values, 0, room(type, 3 * 512), 0, 3, 512, importance))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContainingAll("row 2", "columns 256 to 511", type.label());
        }
    }

    @Test
    void namesTheTypesThereAre() {
        assertThat(Codecs.canEncode(GgmlType.I32)).isFalse();
        assertThatThrownBy(() -> Codecs.of(GgmlType.I32))
                .isInstanceOf(CodecException.class)
                .hasMessageContainingAll("I32", "Q4_K");
    }
}
