package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random files, after {@code test_roundtrip} of llama.cpp's {@code tests/test-gguf.cpp}. */
class GgufRandomTest {
    @TempDir
    Path folder;

    @Test
    void randomFilesSurviveCopyingSplittingAndJoining() throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 25; round++) {
            String description = "kvant.seed=" + seed + " round " + round;
            Metadata metadata = metadata(random);
            List<TensorSpec> tensors = tensors(random);
            Path original = folder.resolve("original.gguf");
            try (GgufWriter writer = GgufWriter.create(original, metadata, tensors)) {
                for (TensorSpec tensor : tensors) {
                    writer.write(tensor.name(), MemorySegment.ofArray(GgufRoundTripTest.bytes(tensor, random)));
                }
                writer.commit();
            }
            try (GgufFile file = GgufFile.open(original)) {
                assertThat(file.metadata()).as(description).isEqualTo(metadata);
                assertThat(file.tensors().stream().map(TensorInfo::spec))
                        .as(description)
                        .isEqualTo(tensors);
                GgufOracle.requireSame(file, description);
            }
            Path copy = copy(original, "copy.gguf", WriteOptions.SINGLE);
            assertThat(copy).as(description).hasSameBinaryContentAs(original);
            WriteOptions split = random.nextBoolean()
                    ? new WriteOptions(1 + random.nextInt(20_000), 0)
                    : new WriteOptions(0, 1 + random.nextInt(10));
            Path first = copy(original, "split.gguf", split);
            try (GgufFile file = GgufFile.open(first)) {
                GgufOracle.requireSame(file, description);
            }
            assertThat(copy(first, "joined.gguf", WriteOptions.SINGLE))
                    .as(description)
                    .hasSameBinaryContentAs(original);
        }
    }

    @Test
    void aMillionStringsAreRead() throws IOException {
        List<String> strings = new ArrayList<>();
        for (int i = 0; i < 1_000_000; i++) {
            strings.add("\u0120" + i);
        }
        Path target = folder.resolve("million.gguf");
        try (GgufWriter writer = GgufWriter.create(
                target, Metadata.builder().putStrings("tokens", strings).build(), List.of())) {
            writer.commit();
        }
        try (GgufFile file = GgufFile.open(target)) {
            assertThat(file.metadata().strings("tokens")).isEqualTo(strings);
        }
    }

    private Path copy(Path from, String to, WriteOptions options) throws IOException {
        try (GgufFile file = GgufFile.open(from);
                GgufWriter writer = GgufWriter.create(
                        folder.resolve(to),
                        file.metadata(),
                        file.tensors().stream().map(TensorInfo::spec).toList(),
                        options.withInputs(file.parts()))) {
            for (TensorInfo tensor : file.tensors()) {
                MemorySegment data = file.data(tensor);
                long half = data.byteSize() / 2;
                writer.begin(tensor.name());
                writer.append(data.asSlice(0, half));
                writer.append(data.asSlice(half));
            }
            writer.commit();
            return writer.paths().getFirst();
        }
    }

    private static Metadata metadata(Random random) {
        Metadata.Builder builder = Metadata.builder();
        int pairs = random.nextInt(40);
        for (int i = 0; i < pairs; i++) {
            ValueType type = ValueType.values()[random.nextInt(ValueType.values().length)];
            builder.put("key." + i, type == ValueType.ARRAY ? array(random) : value(type, random));
            if (random.nextInt(60) == 0) {
                builder.putU32("general.alignment", 1L << (5 + random.nextInt(5)));
            }
        }
        return builder.build();
    }

    private static MetaArray array(Random random) {
        ValueType type;
        do {
            type = ValueType.values()[random.nextInt(ValueType.values().length)];
        } while (type == ValueType.ARRAY);
        List<MetaValue> values = new ArrayList<>();
        int size = random.nextInt(20);
        for (int i = 0; i < size; i++) {
            values.add(value(type, random));
        }
        return MetaArray.of(type, values);
    }

    private static MetaValue value(ValueType type, Random random) {
        return switch (type) {
            case U8 -> new MetaValue.U8(random.nextInt(256));
            case I8 -> new MetaValue.I8((byte) random.nextInt());
            case U16 -> new MetaValue.U16(random.nextInt(1 << 16));
            case I16 -> new MetaValue.I16((short) random.nextInt());
            case U32 -> new MetaValue.U32(random.nextLong() >>> 32);
            case I32 -> new MetaValue.I32(random.nextInt());
            case F32 -> new MetaValue.F32(random.nextFloat() * 1e20f);
            case BOOL -> new MetaValue.Bool(random.nextBoolean());
            case STRING -> {
                byte[] bytes = new byte[random.nextInt(64)];
                random.nextBytes(bytes);
                yield MetaValue.Str.ofBytes(bytes);
            }
            case U64 -> new MetaValue.U64(random.nextLong());
            case I64 -> new MetaValue.I64(random.nextLong());
            case F64 -> new MetaValue.F64(random.nextDouble());
            case ARRAY -> throw new IllegalArgumentException("nested");
        };
    }

    private static List<TensorSpec> tensors(Random random) {
        List<TensorSpec> tensors = new ArrayList<>();
        int count = 1 + random.nextInt(60);
        for (int i = 0; i < count; i++) {
            GgmlType type = GgmlType.values()[random.nextInt(GgmlType.values().length)];
            long[] shape = new long[1 + random.nextInt(4)];
            for (int j = 0; j < shape.length; j++) {
                shape[j] = 1 + random.nextInt(6);
            }
            shape[0] *= type.blockSize();
            tensors.add(new TensorSpec("tensor." + i, type, shape));
        }
        return tensors;
    }
}
