package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    private static final Metadata NONE = Metadata.builder().build();
    private static final List<TensorSpec> TWO = List.of(
            new TensorSpec("a", GgmlType.F32, new long[] {5}), new TensorSpec("b", GgmlType.Q8_0, new long[] {32}));

    @TempDir
    Path folder;

    private static MemorySegment zeros(int bytes) {
        return MemorySegment.ofArray(new byte[bytes]);
    }

    @Test
    void copyingAValidFileReproducesItsBytes() throws IOException {
        // Built without the writer under test, with the order and padding of gguf_write_out.
        RawGguf raw = new RawGguf();
        raw.alignment = 64;
        raw.string("general.architecture", "llama")
                .u32("general.alignment", 64)
                .pair("raw", 8, 3L, new byte[] {(byte) 0xFF, 0, 'x'})
                .pair("nan", 6, 0x7FE0_0001)
                .pair("yes", 7, (byte) 1)
                .pair("strings", 9, 8, 3L, "a", "", "\u00e9")
                .pair("floats", 9, 6, 2L, 1.5f, Float.NaN)
                .pair("bools", 9, 7, 2L, (byte) 1, (byte) 0)
                .pair("u64", 10, -1L)
                .vector("a", 5)
                .vector("b", 17)
                .rawTensor(18, "four", 4, 32L, 1L, 1L, 1L, 2, 64L + 128)
                .rawTensor(1, "byte", 1, 1L, 24, 64L + 128 + 64);
        byte[] original = raw.build();
        Path source = Files.write(folder.resolve("source.gguf"), original);
        Path copy = folder.resolve("copy.gguf");
        try (GgufFile file = GgufFile.open(source);
                GgufWriter writer = GgufWriter.create(
                        copy,
                        file.metadata(),
                        file.tensors().stream().map(TensorInfo::spec).toList())) {
            for (TensorInfo tensor : file.tensors()) {
                writer.write(tensor.name(), file.data(tensor));
            }
            writer.commit();
        }
        assertThat(copy).hasBinaryContent(original);
    }

    @Test
    void nothingStandsUnderTheNameBeforeCommit() throws IOException {
        Path target = folder.resolve("x.gguf");
        Files.writeString(target, "old");
        try (GgufWriter writer = GgufWriter.create(target, NONE, TWO)) {
            writer.write("a", zeros(20));
            assertThat(target).hasContent("old");
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("'b'");
        }
        assertThat(target).hasContent("old");
        assertThat(folder.toFile().list()).containsExactly("x.gguf");
    }

    @Test
    void piecesFromHeapAndNativeMemoryAddUp() throws IOException {
        Path target = folder.resolve("x.gguf");
        TensorSpec tensor = new TensorSpec("t", GgmlType.F32, new long[] {(3 << 18) + 5});
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        try (Arena arena = Arena.ofConfined();
                GgufWriter writer = GgufWriter.create(target, NONE, List.of(tensor))) {
            MemorySegment all = MemorySegment.ofArray(values);
            writer.begin("t");
            writer.append(all.asSlice(0, (2 << 20) + 4));
            MemorySegment rest = arena.allocate(tensor.bytes() - (2 << 20) - 4);
            rest.copyFrom(all.asSlice((2 << 20) + 4));
            writer.append(zeros(0));
            writer.append(rest);
            writer.commit();
        }
        try (GgufFile file = GgufFile.open(target)) {
            assertThat(file.data(file.tensors().getFirst()).mismatch(MemorySegment.ofArray(values)))
                    .isEqualTo(-1);
        }
    }

    @Test
    void misuseIsRefused() throws IOException {
        Path target = folder.resolve("x.gguf");
        try (GgufWriter writer = GgufWriter.create(target, NONE, TWO)) {
            assertThatThrownBy(() -> writer.append(zeros(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no tensor");
            assertThatThrownBy(() -> writer.begin("b"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is 'a'");
            writer.begin("a");
            writer.append(zeros(19));
            assertThatThrownBy(() -> writer.begin("b"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("19 of 20");
            assertThatThrownBy(() -> writer.append(zeros(2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'a' has 20 bytes, but got 21");
            writer.append(zeros(1));
            writer.write("b", zeros(34));
            assertThatThrownBy(() -> writer.begin("c"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is none");
            writer.commit();
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
        assertThatThrownBy(() -> new TensorSpec("t", GgmlType.Q4_K, new long[] {128}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Q4_K blocks");
        assertThatThrownBy(() -> GgufWriter.create(target, NONE, List.of(TWO.getFirst(), TWO.getFirst())))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("tensor 'a': is declared twice");
        Metadata odd = Metadata.builder().putU32("general.alignment", 48).build();
        assertThatThrownBy(() -> GgufWriter.create(target, odd, TWO))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("power of two");
        assertThat(folder.toFile().list()).containsExactly("x.gguf");
    }

    @Test
    void targetsThatCannotBeWrittenAreNamed() throws IOException {
        assertThatThrownBy(() -> GgufWriter.create(folder, NONE, TWO))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("is a folder");
        assertThatThrownBy(() -> GgufWriter.create(folder.resolve("no/x.gguf"), NONE, TWO))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> GgufWriter.create(Path.of("/dev/null"), NONE, TWO))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("not a regular file");
        TensorSpec colossal = new TensorSpec("t", GgmlType.F32, new long[] {1L << 55});
        assertThatThrownBy(() -> GgufWriter.create(folder.resolve("x.gguf"), NONE, List.of(colossal)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("needs 144115188075855872 bytes, but the disk has only");
        assertThat(folder.toFile().list()).isEmpty();
    }

    @Test
    void inputsAreNotOverwrittenEvenThroughLinks() throws IOException {
        Path input = Files.write(folder.resolve("in.gguf"), Corruption.good().build());
        Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), input);
        WriteOptions options = WriteOptions.SINGLE.withInputs(List.of(input));
        for (Path target : List.of(input, link, folder.resolve("../" + folder.getFileName() + "/in.gguf"))) {
            assertThatThrownBy(() -> GgufWriter.create(target, NONE, TWO, options))
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("is an input");
        }
        assertThat(input).hasBinaryContent(Corruption.good().build());
    }

    @Test
    void aLinkIsWrittenThrough() throws IOException {
        Path real = Files.writeString(folder.resolve("real.gguf"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), real);
        try (GgufWriter writer = GgufWriter.create(link, NONE, List.of())) {
            writer.commit();
        }
        assertThat(link).isSymbolicLink();
        try (GgufFile file = GgufFile.open(real)) {
            assertThat(file.tensors()).isEmpty();
        }
    }

    @Test
    void twoWritersOfOneTargetDoNotMix() throws IOException {
        Path target = folder.resolve("x.gguf");
        try (GgufWriter writer = GgufWriter.create(target, NONE, TWO)) {
            assertThatThrownBy(() -> GgufWriter.create(target, NONE, TWO))
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("being written by someone else");
            writer.write("a", zeros(20));
            writer.write("b", zeros(34));
            writer.commit();
        }
        assertThat(folder.toFile().list()).containsExactly("x.gguf");
    }

    @Test
    void splitKeysOfTheSourceAreDropped() throws IOException {
        Path target = folder.resolve("x.gguf");
        Metadata split = Metadata.builder()
                .put("split.no", new MetaValue.U16(0))
                .put("split.count", new MetaValue.U16(3))
                .putI32("split.tensors.count", 9)
                .putString("general.name", "n")
                .build();
        try (GgufWriter writer = GgufWriter.create(target, split, List.of())) {
            writer.commit();
        }
        try (GgufFile file = GgufFile.open(target)) {
            assertThat(file.metadata().keys()).containsExactly("general.name");
        }
    }

    @Test
    void aKilledProcessLeavesNothingUnderTheNameAndTheNextTakesOver() throws Exception {
        Path target = folder.resolve("x.gguf");
        assertThat(child("", target, "halt").exitValue()).isEqualTo(3);
        assertThat(folder.toFile().list()).containsExactly(".x.gguf.part");
        assertThat(child("", target, "whole").exitValue()).isZero();
        assertThat(folder.toFile().list()).containsExactly("x.gguf");
        try (GgufFile file = GgufFile.open(target)) {
            assertThat(file.tensors().getFirst().spec()).isEqualTo(WriterChild.TENSOR);
        }
    }

    @Test
    void anExitingProcessRemovesItsPartialFile() throws Exception {
        assertThat(child("", folder.resolve("x.gguf"), "exit").exitValue()).isEqualTo(4);
        assertThat(folder.toFile().list()).isEmpty();
    }

    @Test
    void aFileThatCannotGrowIsNamedAndRemoved() throws Exception {
        // A file size limit stands in for a full disk: writes fail half-way the same.
        Process process = child("ulimit -f 3000; ", folder.resolve("x.gguf"), "whole");
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("x.gguf: writing failed: File too large. Nothing was left behind: free some space");
        assertThat(process.exitValue()).isEqualTo(5);
        assertThat(folder.toFile().list()).isEmpty();
    }

    private static Process child(String before, Path target, String mode) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        "bash",
                        "-c",
                        before + "exec \"$0\" \"$@\"",
                        java,
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WriterChild.class.getName(),
                        target.toString(),
                        mode)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process;
    }
}
