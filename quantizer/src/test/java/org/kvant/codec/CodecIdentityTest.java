package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;

/** Every codec, scalar and vector, against the library's own encoder and decoder, byte for byte. */
class CodecIdentityTest {

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(Codecs::canEncode);
    }

    private static byte[] encode(Codec codec, float[] x, int rows, int columns, float @Nullable [] importance) {
        byte[] bytes = new byte[(int) codec.type().bytes(x.length)];
        codec.encode(x, 0, MemorySegment.ofArray(bytes), 0, rows, columns, importance);
        return bytes;
    }

    private static void check(
            GgmlType type, String what, float[] x, int rows, int columns, float @Nullable [] importance) {
        byte[] expected = GgmlQuant.quantizeChunk(type, x, rows, columns, importance);
        assertThat(encode(Codecs.scalar(type), x, rows, columns, importance))
                .as("scalar %s, %s, %d x %d, -Dkvant.seed=%d", type, what, rows, columns, Seed.VALUE)
                .isEqualTo(expected);
        assertThat(encode(Codecs.vector(type), x, rows, columns, importance))
                .as("vector %s, %s, %d x %d, -Dkvant.seed=%d", type, what, rows, columns, Seed.VALUE)
                .isEqualTo(expected);
        checkDecode(type, expected, what);
    }

    private static void checkDecode(GgmlType type, byte[] bytes, String what) {
        int elements = bytes.length / type.typeSize() * type.blockSize();
        float[] expected = GgmlQuant.dequantize(type, bytes, elements);
        for (Codec codec : new Codec[] {Codecs.scalar(type), Codecs.vector(type)}) {
            float[] decoded = new float[elements];
            codec.decode(MemorySegment.ofArray(bytes), 0, decoded, 0, elements);
            for (int i = 0; i < elements; i++) {
                if (Float.floatToRawIntBits(decoded[i]) != Float.floatToRawIntBits(expected[i])) {
                    assertThat(decoded[i])
                            .as("decoded %s, %s, element %d, -Dkvant.seed=%d", type, what, i, Seed.VALUE)
                            .isEqualTo(expected[i]);
                    // Equal and not the same bits: a sign of zero or a NaN.
                    assertThat(Float.floatToRawIntBits(decoded[i])).isEqualTo(Float.floatToRawIntBits(expected[i]));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void equalsTheLibraryOnEveryDistribution(GgmlType type) {
        Random random = Seed.random(type);
        for (Distribution distribution : Distribution.values()) {
            for (Importance importance : Importance.values()) {
                if (importance == Importance.NONE && GgmlQuant.requiresImportance(type)) {
                    continue;
                }
                // Odd numbers of blocks, so that the last batch of the lanes is never full by chance.
                int block = Math.max(32, type.blockSize());
                int columns = block * (1 + random.nextInt(block == 32 ? 19 : 3));
                int rows = 1 + random.nextInt(4);
                float[] x = distribution.values(random, rows * columns);
                check(type, distribution + " " + importance, x, rows, columns, importance.values(random, columns));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void equalsTheLibraryAcrossPieces(GgmlType type) {
        Random random = Seed.random(type + " pieces");
        // More than one piece of 32768 values, and a row that is longer than one.
        int columns = 1536;
        float[] x = Distribution.NORMAL.values(random, 45 * columns);
        check(type, "many rows", x, 45, columns, Importance.WIDE.values(random, columns));
        columns = 33024;
        x = Distribution.LAPLACE.values(random, 2 * columns);
        check(type, "long rows", x, 2, columns, Importance.WIDE.values(random, columns));
    }

    @ParameterizedTest
    @MethodSource("types")
    void decodesAnyBytesAsTheLibrary(GgmlType type) {
        byte[] bytes = new byte[type.typeSize() * 4096];
        Seed.random(type + " bytes").nextBytes(bytes);
        checkDecode(type, bytes, "random bytes");
    }

    @ParameterizedTest
    @MethodSource("types")
    void readsAndWritesNativeMemoryAtAnyOffset(GgmlType type) {
        int columns = 768;
        float[] x = Distribution.NORMAL.values(Seed.random(type + " offset"), 2 * columns + 11);
        float[] rows = Arrays.copyOfRange(x, 11, x.length);
        float[] importance = Importance.UNIFORM.values(Seed.random(type), columns);
        byte[] expected = GgmlQuant.quantizeChunk(type, rows, 2, columns, importance);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(expected.length + 7L);
            Codecs.vector(type).encode(x, 11, segment, 3, 2, columns, importance);
            assertThat(segment.asSlice(3, expected.length).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(expected);
            float[] decoded = new float[x.length];
            Codecs.of(type).decode(segment.asReadOnly(), 3, decoded, 11, 2L * columns);
            assertThat(Arrays.copyOfRange(decoded, 11, decoded.length))
                    .isEqualTo(GgmlQuant.dequantize(type, expected, 2L * columns));
        }
    }
}
