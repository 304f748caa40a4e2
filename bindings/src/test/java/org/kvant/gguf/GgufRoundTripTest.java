package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufRoundTripTest {
    private static final long SEED = Long.getLong("kvant.seed", 42);

    @TempDir
    Path folder;

    static Metadata everyType() {
        return Metadata.builder()
                .putString("general.architecture", "llama")
                .putString("general.name", "Tiny \u2014 \u6a21\u578b")
                .put("u8", new MetaValue.U8(255))
                .put("i8", new MetaValue.I8((byte) -128))
                .put("u16", new MetaValue.U16(65_535))
                .put("i16", new MetaValue.I16((short) -2))
                .putU32("u32", 0xFFFF_FFFFL)
                .putI32("i32", -5)
                .putF32("f32", 1e-5f)
                .putBool("yes", true)
                .putBool("no", false)
                .put("u64", new MetaValue.U64(-1))
                .put("i64", new MetaValue.I64(Long.MIN_VALUE))
                .put("f64", new MetaValue.F64(Math.PI))
                .put("raw", MetaValue.Str.ofBytes(new byte[] {(byte) 0xC3, 0x28, 0, (byte) 0xFF}))
                .putString("empty", "")
                .putStrings("tokens", List.of("a", "", "\u0120world", "\ud83d\ude00"))
                .putI32s("types", 1, -1, Integer.MAX_VALUE)
                .putF32s("scores", -0f, Float.NaN, Float.NEGATIVE_INFINITY)
                .put("bools", MetaArray.ofBools(true, false))
                .put("shorts", MetaArray.of(ValueType.U16, List.of(new MetaValue.U16(40_000), new MetaValue.U16(1))))
                .put("longs", MetaArray.of(ValueType.U64, List.of(new MetaValue.U64(7), new MetaValue.U64(-1))))
                .put("doubles", MetaArray.of(ValueType.F64, List.of(new MetaValue.F64(0.1))))
                .putStrings("none", List.of())
                .build();
    }

    static List<TensorSpec> someTensors() {
        return List.of(
                new TensorSpec("a.weight", GgmlType.Q4_K, new long[] {512, 3}),
                new TensorSpec("b.bias", GgmlType.F32, new long[] {7}),
                new TensorSpec("c.weight", GgmlType.F16, new long[] {3, 2, 5, 1}),
                new TensorSpec("d", GgmlType.I8, new long[] {1}));
    }

    static byte[] bytes(TensorSpec tensor, Random random) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        random.nextBytes(bytes);
        return bytes;
    }

    static void writeAll(Path target, Metadata metadata, List<TensorSpec> tensors, WriteOptions options)
            throws IOException {
        Random random = new Random(SEED);
        try (GgufWriter writer = GgufWriter.create(target, metadata, tensors, options)) {
            for (TensorSpec tensor : tensors) {
                writer.write(tensor.name(), MemorySegment.ofArray(bytes(tensor, random)));
            }
            writer.commit();
        }
    }

    @Test
    void readsBackWhatItWrote() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        writeAll(file, everyType(), someTensors(), WriteOptions.SINGLE);
        Random random = new Random(SEED);
        try (GgufFile read = GgufFile.open(file)) {
            assertThat(read.version()).isEqualTo(3);
            assertThat(read.alignment()).isEqualTo(32);
            assertThat(read.parts()).containsExactly(file);
            assertThat(read.metadata()).isEqualTo(everyType());
            assertThat(read.sizeBytes()).isEqualTo(Files.size(file));
            assertThat(read.tensors().stream().map(TensorInfo::spec)).isEqualTo(someTensors());
            for (TensorInfo tensor : read.tensors()) {
                assertThat(read.data(tensor).toArray(ValueLayout.JAVA_BYTE))
                        .as(tensor.name())
                        .isEqualTo(bytes(tensor.spec(), random));
            }
            GgufOracle.requireSame(read, "written by us");
        }
        assertThat(folder.toFile().list()).containsExactly("tiny.gguf");
    }

    @Test
    void typedGettersConvertAndComplain() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        writeAll(file, everyType(), List.of(), WriteOptions.SINGLE);
        Metadata metadata;
        try (GgufFile read = GgufFile.open(file)) {
            metadata = read.metadata();
        }
        assertThat(metadata.string("general.architecture")).isEqualTo("llama");
        assertThat(metadata.string("missing", "x")).isEqualTo("x");
        assertThat(metadata.integer("u32")).isEqualTo(0xFFFF_FFFFL);
        assertThat(metadata.integer("i8")).isEqualTo(-128);
        assertThat(metadata.integer("missing", -1)).isEqualTo(-1);
        assertThat(metadata.number("f32", 0)).isEqualTo(1e-5f);
        assertThat(metadata.number("u16", 0)).isEqualTo(65_535);
        assertThat(metadata.bool("yes", false)).isTrue();
        assertThat(metadata.strings("tokens")).containsExactly("a", "", "\u0120world", "\ud83d\ude00");
        assertThat(metadata.ints("types")).containsExactly(1, -1, Integer.MAX_VALUE);
        assertThat(metadata.integers("shorts")).containsExactly(40_000, 1);
        assertThat(metadata.floats("scores")).containsExactly(-0f, Float.NaN, Float.NEGATIVE_INFINITY);
        assertThat(metadata.string("raw").getBytes(StandardCharsets.UTF_8)).isNotEmpty();

        assertThatThrownBy(() -> metadata.string("u32"))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("u32")
                .hasMessageContaining("not a string");
        assertThatThrownBy(() -> metadata.string("missing")).hasMessageContaining("key 'missing': is missing");
        assertThatThrownBy(() -> metadata.integer("u64")).hasMessageContaining("18446744073709551615");
        assertThatThrownBy(() -> metadata.integer("f32", 1)).hasMessageContaining("is f32, not an integer");
        assertThatThrownBy(() -> metadata.strings("types"))
                .hasMessageContaining("is an array of i32, not an array of str");
        assertThatThrownBy(() -> metadata.ints("longs"))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("key 'longs'");
    }
}
