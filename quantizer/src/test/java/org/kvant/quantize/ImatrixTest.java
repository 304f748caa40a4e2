package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;
import org.kvant.gguf.TensorSpec;

class ImatrixTest {
    @TempDir
    Path folder;

    private static TensorInfo tensor(String name, long... shape) {
        return new TensorInfo(name, GgmlType.F16, shape, 0, 0);
    }

    private Path legacy(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("im.dat"), bytes);
    }

    private static byte[] legacyBytes() {
        ByteBuffer out = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(2);
        out.putInt(1).put((byte) 'a').putInt(4).putInt(2).putFloat(8).putFloat(2);
        out.putInt(2).put((byte) 'b').put((byte) 'c').putInt(0).putInt(1).putFloat(3);
        out.putInt(9).putInt(3).put("t.x".getBytes(StandardCharsets.UTF_8));
        return Arrays.copyOf(out.array(), out.position());
    }

    @Test
    void readsTheLegacyFormat() throws IOException {
        Imatrix imatrix = Imatrix.read(legacy(legacyBytes()));
        assertThat(imatrix.size()).isEqualTo(2);
        assertThat(imatrix.chunks()).isEqualTo(9);
        assertThat(imatrix.datasets()).containsExactly("t.x");
        assertThat(imatrix.of(tensor("a", 2, 5))).containsExactly(2f, 0.5f);
        assertThat(imatrix.of(tensor("bc", 1, 5))).containsExactly(3f); // no calls: the values are means already
        assertThat(imatrix.of(tensor("other", 2, 5))).isNull();
    }

    @Test
    void theTrailerOfTheLegacyFormatMayLack() throws IOException {
        byte[] all = legacyBytes();
        Imatrix imatrix = Imatrix.read(legacy(Arrays.copyOf(all, all.length - 11)));
        assertThat(imatrix.size()).isEqualTo(2);
        assertThat(imatrix.chunks()).isZero();
        assertThat(imatrix.datasets()).isEmpty();
    }

    @Test
    void everyTruncationOfTheLegacyFormatIsRefused() throws IOException {
        byte[] all = legacyBytes();
        for (int length = 0; length < all.length - 11; length++) {
            Path file = legacy(Arrays.copyOf(all, length));
            assertThatThrownBy(() -> Imatrix.read(file))
                    .as("%d bytes", length)
                    .isInstanceOf(QuantizeException.class)
                    .hasMessageContaining("im.dat");
        }
    }

    @Test
    void absurdNumbersInTheLegacyFormatAreRefusedWithoutReservingMemory() throws IOException {
        for (int[] change :
                new int[][] {{0, 0}, {0, -1}, {4, -1}, {4, 1 << 30}, {4, 0}, {13, 0}, {13, -5}, {13, Integer.MAX_VALUE}
                }) {
            byte[] bytes = legacyBytes();
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(change[0], change[1]);
            Path file = legacy(bytes);
            assertThatThrownBy(() -> Imatrix.read(file))
                    .as(Arrays.toString(change))
                    .isInstanceOf(QuantizeException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void valuesThatAreNoMeanOfSquaresAreRefused() throws IOException {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1}) {
            byte[] bytes = legacyBytes();
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(21, bad);
            Path file = legacy(bytes);
            assertThatThrownBy(() -> Imatrix.read(file))
                    .isInstanceOf(QuantizeException.class)
                    .hasMessageContaining("importance 1 of tensor a");
        }
    }

    private Path gguf(Metadata metadata, Map<String, float[]> tensors) throws IOException {
        Path file = folder.resolve("im.gguf");
        List<TensorSpec> specs = tensors.entrySet().stream()
                .map(e -> new TensorSpec(e.getKey(), GgmlType.F32, new long[] {e.getValue().length}))
                .toList();
        try (GgufWriter writer = GgufWriter.create(file, metadata, specs)) {
            for (Map.Entry<String, float[]> tensor : tensors.entrySet()) {
                writer.write(tensor.getKey(), MemorySegment.ofArray(tensor.getValue()));
            }
            writer.commit();
        }
        return file;
    }

    private static Metadata ggufMetadata() {
        return Metadata.builder()
                .putStrings("imatrix.datasets", List.of("one", "two"))
                .putU32("imatrix.chunk_count", 12)
                .putU32("imatrix.chunk_size", 512)
                .build();
    }

    @Test
    void readsTheGgufFormatWithCountsOfEachExpert() throws IOException {
        Imatrix imatrix = Imatrix.read(gguf(
                ggufMetadata(),
                new TreeMap<>(Map.of("e.in_sum2", new float[] {4, 8, 5, 7, 9, 3}, "e.counts", new float[] {4, 0, 3}))));
        assertThat(imatrix.chunks()).isEqualTo(12);
        assertThat(imatrix.datasets()).containsExactly("one", "two");
        assertThat(imatrix.of(tensor("e", 2, 7, 3))).containsExactly(1, 2, 1, 1, 3, 1);
    }

    @Test
    void incompleteGgufMatricesAreRefused() throws IOException {
        float[] two = {1, 2};
        float[] one = {1};
        assertGgufRefused(
                "has no imatrix.datasets", Metadata.builder().build(), Map.of("a.in_sum2", two, "a.counts", one));
        assertGgufRefused("a.in_sum2 but no a.counts", ggufMetadata(), Map.of("a.in_sum2", two));
        assertGgufRefused("a.counts but no a.in_sum2", ggufMetadata(), Map.of("a.counts", one));
        assertGgufRefused("holds no importance", ggufMetadata(), Map.of("a.weight", two));
        assertGgufRefused("2 sums for 3 counts", ggufMetadata(), Map.of("a.in_sum2", two, "a.counts", new float[3]));
        assertGgufRefused("a.counts holds -1", ggufMetadata(), Map.of("a.in_sum2", two, "a.counts", new float[] {-1}));
        assertGgufRefused(
                "a.counts holds NaN", ggufMetadata(), Map.of("a.in_sum2", two, "a.counts", new float[] {Float.NaN}));
        assertGgufRefused(
                "importance 0 of tensor a",
                ggufMetadata(),
                Map.of("a.in_sum2", new float[] {Float.NaN}, "a.counts", one));
    }

    private void assertGgufRefused(String message, Metadata metadata, Map<String, float[]> tensors) throws IOException {
        Path file = gguf(metadata, new TreeMap<>(tensors));
        assertThatThrownBy(() -> Imatrix.read(file))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("im.gguf");
    }

    @Test
    void aMatrixOfAnotherModelIsRefused() throws IOException {
        Imatrix imatrix = Imatrix.read(legacy(legacyBytes()));
        assertThatThrownBy(() -> imatrix.of(tensor("a", 3, 5)))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining("2 values for tensor a, which needs 3");
    }

    @Test
    void entriesCanBeChosenByName() throws IOException {
        Imatrix imatrix = Imatrix.read(legacy(legacyBytes()));
        assertThat(imatrix.including(List.of("b")).size()).isEqualTo(1);
        assertThat(Objects.requireNonNull(imatrix.including(List.of("b")).of(tensor("bc", 1, 1))))
                .hasSize(1);
        assertThat(imatrix.excluding(List.of("b", "a")).size()).isZero();
        assertThat(imatrix.including(List.of()).excluding(List.of())).isSameAs(imatrix);
    }
}
