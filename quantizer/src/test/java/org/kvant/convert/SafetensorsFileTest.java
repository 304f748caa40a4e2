package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.convert.SafetensorsFile.SourceTensor;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("model.safetensors"), bytes);
    }

    private static byte[] bytes(String header, int data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    private static String tensor(String name, String dtype, String shape, long begin, long end) {
        return "\"%s\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d, %d]}"
                .formatted(name, dtype, shape, begin, end);
    }

    @Test
    void readsTensorsSortedByName() throws IOException {
        Path file = file(bytes(
                "{\"__metadata__\": {\"format\": \"pt\"}, " + tensor("b", "F32", "[2, 3]", 0, 24) + ", "
                        + tensor("a", "BF16", "[5]", 24, 34) + ", " + tensor("c", "I64", "[]", 34, 42) + "}   ",
                42));
        try (Arena arena = Arena.ofConfined()) {
            List<SourceTensor> tensors = SafetensorsFile.open(file, arena).tensors();
            assertThat(tensors).extracting(SourceTensor::name).containsExactly("a", "b", "c");
            assertThat(tensors.get(1).shape()).containsExactly(2L, 3L);
            assertThat(tensors.get(1).data().byteSize()).isEqualTo(24);
            assertThat(tensors.get(2).elements()).isEqualTo(1);
        }
    }

    static Stream<Arguments> damaged() {
        byte[] good = bytes("{" + tensor("w", "F32", "[4]", 0, 16) + "}", 16);
        return Stream.of(
                Arguments.of("too short", new byte[7], "too short"),
                Arguments.of("header length 0", bytes("", 0), "header length 0"),
                Arguments.of("header length negative", header(-1, 100), "header length 18446744073709551615"),
                Arguments.of("header length huge", header(100_000_001, 100), "header length 100000001"),
                Arguments.of("header beyond file", header(1000, 100), "cut short"),
                Arguments.of(
                        "pointer",
                        "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8),
                        "git lfs pull"),
                Arguments.of("no JSON", bytes("{\"w\": ", 0), "not the JSON"),
                Arguments.of("not an object", bytes("[1, 2]", 0), "not a JSON object"),
                Arguments.of("text after", bytes("{} x", 0), "not the JSON"),
                Arguments.of("deep", bytes("[".repeat(5000), 0), "not the JSON"),
                Arguments.of("invalid UTF-8", invalidUtf8(), "not the JSON"),
                Arguments.of(
                        "same name twice",
                        bytes("{" + tensor("w", "F32", "[1]", 0, 4) + "," + tensor("w", "F32", "[1]", 4, 8) + "}", 8),
                        "not the JSON"),
                Arguments.of("no dtype", bytes("{\"w\": {\"shape\": [1], \"data_offsets\": [0, 4]}}", 4), "no dtype"),
                Arguments.of(
                        "unknown dtype", bytes("{" + tensor("w", "F33", "[1]", 0, 4) + "}", 4), "unknown dtype F33"),
                Arguments.of(
                        "no shape", bytes("{\"w\": {\"dtype\": \"F32\", \"data_offsets\": [0, 4]}}", 4), "bad shape"),
                Arguments.of("negative shape", bytes("{" + tensor("w", "F32", "[-1]", 0, 4) + "}", 4), "bad shape"),
                Arguments.of("shape 1.5", bytes("{" + tensor("w", "F32", "[1.5]", 0, 4) + "}", 4), "bad shape"),
                Arguments.of(
                        "shape overflows",
                        bytes("{" + tensor("w", "F32", "[4294967296, 4294967296]", 0, 0) + "}", 0),
                        "impossible shape"),
                Arguments.of(
                        "nine dimensions",
                        bytes("{" + tensor("w", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) + "}", 4),
                        "9 dimensions"),
                Arguments.of("offsets swapped", bytes("{" + tensor("w", "F32", "[1]", 4, 0) + "}", 4), "begin <= end"),
                Arguments.of("wrong span", bytes("{" + tensor("w", "F32", "[3]", 0, 16) + "}", 16), "needs 12 bytes"),
                Arguments.of("beyond the end", bytes("{" + tensor("w", "F32", "[4]", 0, 16) + "}", 12), "cut short"),
                Arguments.of(
                        "overlap",
                        bytes("{" + tensor("a", "F32", "[2]", 0, 8) + "," + tensor("w", "F32", "[2]", 4, 12) + "}", 12),
                        "overlaps"),
                Arguments.of(
                        "gap",
                        bytes("{" + tensor("a", "F32", "[1]", 0, 4) + "," + tensor("w", "F32", "[1]", 8, 12) + "}", 12),
                        "leaves a gap"),
                Arguments.of("rest", java.util.Arrays.copyOf(good, good.length + 1), "1 bytes after the last tensor"));
    }

    private static byte[] header(long length, int rest) {
        return ByteBuffer.allocate(8 + rest)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
    }

    private static byte[] invalidUtf8() {
        byte[] bytes = bytes("{\"w?\": {}}", 0);
        bytes[8 + 3] = (byte) 0xFF;
        return bytes;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damaged")
    void refusesDamagedFiles(String what, byte[] bytes, String problem) throws IOException {
        Path file = file(bytes);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> SafetensorsFile.open(file, arena))
                    .as(what)
                    .isInstanceOf(ConvertException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining(problem);
        }
    }

    @Test
    void randomlyDamagedHeadersNeverEscapeAsOtherExceptions() throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        byte[] good = Files.readAllBytes(Fixtures.checkpoint("smollm").resolve("model.safetensors"));
        int header = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        int refused = 0;
        for (int round = 0; round < 1000; round++) {
            byte[] bytes = good.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                bytes[random.nextInt(8 + header)] = (byte) random.nextInt(256);
            }
            Path file = file(bytes);
            try (Arena arena = Arena.ofConfined()) {
                SafetensorsFile.open(file, arena);
            } catch (ConvertException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(500);
    }
}
