package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriteAtTest {
    private static final List<TensorSpec> TENSORS = List.of(
            new TensorSpec("a", GgmlType.F32, new long[] {5, 3}),
            new TensorSpec("b", GgmlType.Q8_0, new long[] {32, 7}),
            new TensorSpec("c", GgmlType.F16, new long[] {3}));

    @TempDir
    Path folder;

    @Test
    void piecesInAnyOrderGiveTheSameFilesAsAStream() throws Exception {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        Metadata metadata =
                Metadata.builder().putString("general.architecture", "llama").build();
        List<byte[]> data = new ArrayList<>();
        for (TensorSpec tensor : TENSORS) {
            byte[] bytes = new byte[(int) tensor.bytes()];
            random.nextBytes(bytes);
            data.add(bytes);
        }
        for (List<Integer> parts : List.of(List.<Integer>of(), List.of(1, 2), List.of(0, 2, 1), List.of(3, 0))) {
            WriteOptions options = WriteOptions.SINGLE.withTensorsPerPart(parts);
            List<Path> streamed;
            try (GgufWriter writer = GgufWriter.create(folder.resolve("s.gguf"), metadata, TENSORS, options)) {
                for (int i = 0; i < TENSORS.size(); i++) {
                    writer.write(TENSORS.get(i).name(), MemorySegment.ofArray(data.get(i)));
                }
                writer.commit();
                streamed = writer.paths();
            }
            List<Path> scattered;
            try (GgufWriter writer = GgufWriter.create(folder.resolve("r.gguf"), metadata, TENSORS, options);
                    ExecutorService threads = Executors.newFixedThreadPool(3)) {
                writer.writeInAnyOrder();
                List<Callable<Void>> pieces = pieces(writer, data);
                Collections.shuffle(pieces, random);
                for (Future<Void> piece : threads.invokeAll(pieces)) {
                    piece.get();
                }
                writer.flush();
                writer.commit();
                scattered = writer.paths();
            }
            assertThat(scattered).hasSameSizeAs(streamed).hasSize(Math.max(1, parts.size()));
            for (int i = 0; i < streamed.size(); i++) {
                assertThat(scattered.get(i)).hasSameBinaryContentAs(streamed.get(i));
            }
        }
    }

    private static List<Callable<Void>> pieces(GgufWriter writer, List<byte[]> data) {
        List<Callable<Void>> pieces = new ArrayList<>();
        for (int tensor = 0; tensor < data.size(); tensor++) {
            int index = tensor;
            byte[] all = data.get(tensor);
            for (int at = 0; at < all.length; at += 13) {
                int from = at;
                pieces.add(() -> {
                    MemorySegment piece = MemorySegment.ofArray(all).asSlice(from, Math.min(13, all.length - from));
                    writer.writeAt(index, from, piece);
                    return null;
                });
            }
        }
        return pieces;
    }

    @Test
    void incompleteOrExcessDataIsRefused() throws IOException {
        Path target = folder.resolve("x.gguf");
        Metadata metadata = Metadata.builder().build();
        try (GgufWriter writer = GgufWriter.create(target, metadata, TENSORS)) {
            MemorySegment row = MemorySegment.ofArray(new byte[20]);
            assertThatThrownBy(() -> writer.writeAt(0, 0, row))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in order");
            writer.writeInAnyOrder();
            assertThatThrownBy(() -> writer.begin("a")).isInstanceOf(IllegalStateException.class);
            writer.writeAt(0, 40, row);
            assertThatThrownBy(() -> writer.writeAt(0, 41, row))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'a' has 60 bytes");
            assertThatThrownBy(() -> writer.writeAt(0, -1, row)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("tensor 'a' lacks 40 bytes");
        }
        assertThat(Files.list(folder)).isEmpty();
    }

    @Test
    void partsMustHoldAllTensors() {
        for (List<Integer> parts : List.of(List.of(1, 1), List.of(2, 2), List.of(4, -1))) {
            assertThatThrownBy(() -> GgufWriter.create(
                            folder.resolve("p.gguf"),
                            Metadata.builder().build(),
                            TENSORS,
                            WriteOptions.SINGLE.withTensorsPerPart(parts)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("do not add up to 3");
        }
    }
}
