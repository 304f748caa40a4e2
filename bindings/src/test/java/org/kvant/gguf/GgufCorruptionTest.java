package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufCorruptionTest {
    @TempDir
    Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("x.gguf"), bytes);
    }

    /** Opens and reads everything, and has ggml look at it too; null if that works. */
    static @Nullable Throwable openAndReadAll(Path file) {
        return catchThrowable(() -> {
            try (GgufFile gguf = GgufFile.open(file)) {
                gguf.metadata().asMap().forEach((key, value) -> {
                    if (value instanceof MetaArray array) {
                        for (int i = 0; i < array.size(); i++) {
                            assertThat(array.get(i)).isNotNull();
                        }
                    }
                });
                for (TensorInfo tensor : gguf.tensors()) {
                    byte[] data = gguf.data(tensor).toArray(ValueLayout.JAVA_BYTE);
                    assertThat(data).hasSize((int) tensor.bytes());
                }
                GgufOracle.requireSame(gguf, "the same file");
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Corruption.class)
    void handcraftedCorruptionIsNamed(Corruption corruption) throws IOException {
        Path file = write(corruption.build());
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(corruption.fragment)
                .hasMessageNotContaining("\n");
        assertThat(file).as("the file is not kept open or changed").hasBinaryContent(corruption.build());
    }

    @Test
    void theFileThatIsSpoiledIsGood() throws IOException {
        assertThat(openAndReadAll(write(Corruption.good().build()))).isNull();
    }

    @Test
    void longKeysDoNotFloodTheMessage() throws IOException {
        Path file = write(Corruption.good().pair("k".repeat(60_000), 99, 1).build());
        assertThatThrownBy(() -> GgufFile.open(file))
                .satisfies(e -> assertThat(e.getMessage())
                        .hasSizeLessThan(500 + file.toString().length()));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void oddButValidFilesAreAccepted(int version) throws IOException {
        RawGguf raw = new RawGguf()
                .pair("not utf-8", 8, 2L, new byte[] {(byte) 0xC3, 0x28})
                .pair("empty array", 9, 8, 0L)
                .pair("empty numbers", 9, 12, 0L)
                .rawTensor(4, "scalar", 0, 0, 0L)
                .rawTensor(34, "after it", 4, 32L, 1L, 1L, 1L, 8, 32L);
        raw.version = version;
        Path file = write(raw.build());
        assertThat(openAndReadAll(file)).isNull();
        try (GgufFile gguf = GgufFile.open(file)) {
            assertThat(gguf.version()).isEqualTo(version);
            assertThat(gguf.tensors().getFirst().shape()).containsExactly(1);
            assertThat(gguf.tensors().getLast().shape()).containsExactly(32, 1, 1, 1);
        }
    }

    @Test
    void noTensorsAndNoPairsAreAccepted() throws IOException {
        assertThat(openAndReadAll(write(new RawGguf().build()))).isNull();
        assertThat(openAndReadAll(
                        write(new RawGguf().u32("general.alignment", 1 << 30).build())))
                .isNull();
    }

    @Test
    void missingPaddingAtTheEndIsAccepted() throws IOException {
        // llama_model_loader wants every tensor inside the file, not the padding after the last one.
        RawGguf raw = Corruption.good().rawTensor(4, "last", 1, 1L, 0, 32L);
        raw.missingData = 28;
        assertThat(openAndReadAll(write(raw.build()))).isNull();
    }

    @Test
    void otherAlignmentsAreRespectedButNotMappableBelow32() throws IOException {
        RawGguf raw = new RawGguf();
        raw.alignment = 4;
        raw.u32("general.alignment", 4).vector("a", 1).vector("b", 3);
        try (GgufFile gguf = GgufFile.open(write(raw.build()))) {
            assertThat(gguf.alignment()).isEqualTo(4);
            assertThat(gguf.tensors().getLast().offset()).isEqualTo(4);
            assertThatThrownBy(gguf::requireMappable)
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("multiple of 32");
        }
        RawGguf wide = new RawGguf();
        wide.alignment = 4096;
        wide.u32("general.alignment", 4096).vector("a", 1).vector("b", 3);
        try (GgufFile gguf = GgufFile.open(write(wide.build()))) {
            assertThat(gguf.tensors().getLast().offset()).isEqualTo(4096);
            gguf.requireMappable();
        }
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] good = Corruption.good().vector("last", 8).build();
        for (int length = 0; length < good.length; length++) {
            Path file = write(Arrays.copyOf(good, length));
            assertThat(openAndReadAll(file))
                    .as("cut to %d of %d bytes", length, good.length)
                    .isInstanceOf(GgufException.class);
        }
    }

    @Test
    void randomDamageIsRefusedOrHarmless() throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        Path source = folder.resolve("good.gguf");
        GgufRoundTripTest.writeAll(
                source, GgufRoundTripTest.everyType(), GgufRoundTripTest.someTensors(), WriteOptions.SINGLE);
        byte[] good = Files.readAllBytes(source);
        int header = good.length - 1500;
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bad = good.clone();
            int flips = 1 + random.nextInt(3);
            for (int i = 0; i < flips; i++) {
                damage(bad, random.nextInt(header), random);
            }
            Path file = write(bad);
            Throwable thrown = openAndReadAll(file);
            if (thrown != null) {
                refused++;
                assertThat(thrown).as("seed %d round %d", seed, round).isInstanceOf(GgufException.class);
            }
        }
        assertThat(refused).as("of 2000").isBetween(200, 1950);
    }

    private static void damage(byte[] bytes, int at, Random random) {
        switch (random.nextInt(4)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2 -> bytes[at] = (byte) 0xFF;
            default -> {
                if (at + 8 <= bytes.length) {
                    long[] nasty = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31, 1L << 32, 1L << 61, bytes.length, 0};
                    ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(at, nasty[random.nextInt(nasty.length)]);
                }
            }
        }
    }

    @Test
    void hugeArrayInAHugeFileIsRefusedBeforeItIsCopied() throws IOException {
        long elements = 3_000_000_000L;
        byte[] head = RawGguf.bytes("GGUF".getBytes(StandardCharsets.US_ASCII), 3, 0L, 1L, "k", 9, 0, elements);
        Path file = write(head);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            // A hole: takes no disk.
            channel.write(ByteBuffer.allocate(1), head.length + elements);
        }
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("key 'k'")
                .hasMessageContaining("exceeds 512 MiB");
    }

    @Test
    void missingFilesFoldersAndPipesAreNamed() throws IOException {
        assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf")))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("none.gguf: no such file");
        assertThatThrownBy(() -> GgufFile.open(folder))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("is a folder");
        assertThatThrownBy(() -> GgufFile.open(Path.of("/dev/zero")))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("not a regular file");
    }

    @Test
    void dataIsGoneAfterClosing() throws IOException {
        GgufFile gguf = GgufFile.open(write(Corruption.good().build()));
        TensorInfo tensor = gguf.tensors().getFirst();
        gguf.close();
        gguf.close();
        assertThat(gguf.metadata().strings("list")).containsExactly("a", "bc");
        assertThatThrownBy(() -> gguf.data(tensor))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
        assertThatThrownBy(() -> gguf.data(new TensorInfo("first", GgmlType.F32, new long[] {9}, 0, 0)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
