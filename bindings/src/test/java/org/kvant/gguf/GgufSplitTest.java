package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufSplitTest {
    private static final Metadata METADATA = Metadata.builder()
            .putString("general.architecture", "llama")
            .putString("general.name", "split me")
            .build();

    @TempDir
    Path folder;

    private List<TensorSpec> tensors;

    @BeforeEach
    void sevenTensorsOf64Bytes() {
        tensors = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            tensors.add(new TensorSpec("t" + i, GgmlType.F32, new long[] {16}));
        }
    }

    private List<List<String>> layout(WriteOptions options) {
        return SplitPlan.parts(tensors, options).stream()
                .map(part -> part.stream().map(TensorSpec::name).toList())
                .toList();
    }

    private Path part(int no, int count) {
        return folder.resolve(SplitNames.format("model", no - 1, count));
    }

    private void writeThreeParts() throws IOException {
        GgufRoundTripTest.writeAll(folder.resolve("model.gguf"), METADATA, tensors, new WriteOptions(0, 3));
    }

    @Test
    void tensorsAreDistributedAsLlamaGgufSplitDoes() {
        assertThat(layout(new WriteOptions(0, 3)))
                .containsExactly(List.of("t0", "t1", "t2"), List.of("t3", "t4", "t5"), List.of("t6"));
        assertThat(layout(new WriteOptions(0, 7))).hasSize(1);
        // A part may reach the limit, not pass it.
        assertThat(layout(new WriteOptions(128, 0)))
                .containsExactly(List.of("t0", "t1"), List.of("t2", "t3"), List.of("t4", "t5"), List.of("t6"));
        assertThat(layout(new WriteOptions(127, 0))).hasSize(7);
        // Where llama-gguf-split gives up, a tensor above the limit gets a part to itself.
        assertThat(layout(new WriteOptions(1, 0))).hasSize(7);
        // Sizes count padded to 32 bytes.
        tensors.set(0, new TensorSpec("t0", GgmlType.F32, new long[] {17}));
        assertThat(layout(new WriteOptions(128, 0)).getFirst()).containsExactly("t0");
    }

    @Test
    void partsAreWrittenAndReadAsOne() throws IOException {
        writeThreeParts();
        assertThat(folder.toFile().list())
                .containsExactlyInAnyOrder(
                        "model-00001-of-00003.gguf", "model-00002-of-00003.gguf", "model-00003-of-00003.gguf");
        Random random = new Random(Long.getLong("kvant.seed", 42));
        try (GgufFile file = GgufFile.open(part(1, 3))) {
            assertThat(file.parts()).containsExactly(part(1, 3), part(2, 3), part(3, 3));
            assertThat(file.tensors().stream().map(TensorInfo::spec)).isEqualTo(tensors);
            assertThat(file.tensors().stream().map(TensorInfo::part)).containsExactly(0, 0, 0, 1, 1, 1, 2);
            assertThat(file.tensors().stream().map(TensorInfo::offset))
                    .containsExactly(0L, 64L, 128L, 0L, 64L, 128L, 0L);
            assertThat(file.metadata().asMap())
                    .containsEntry("split.no", new MetaValue.U16(0))
                    .containsEntry("split.count", new MetaValue.U16(3))
                    .containsEntry("split.tensors.count", new MetaValue.I32(7));
            assertThat(file.metadata().keys())
                    .as("the order in which llama-gguf-split leaves them")
                    .containsExactly(
                            "general.architecture", "general.name", "split.no", "split.tensors.count", "split.count");
            for (TensorInfo tensor : file.tensors()) {
                assertThat(file.data(tensor).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(GgufRoundTripTest.bytes(tensor.spec(), random));
            }
            GgufOracle.requireSame(file, "split");
        }
    }

    @Test
    void onePartIsAPlainFile() throws IOException {
        GgufRoundTripTest.writeAll(folder.resolve("model.gguf"), METADATA, tensors, new WriteOptions(1 << 20, 0));
        assertThat(folder.toFile().list()).containsExactly("model.gguf");
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        writeThreeParts();
        Files.delete(part(2, 3));
        assertThatThrownBy(() -> GgufFile.open(part(1, 3)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("part 2 of 3 is missing: " + part(2, 3));
    }

    @Test
    void aLaterPartNamesTheFirst() throws IOException {
        writeThreeParts();
        assertThatThrownBy(() -> GgufFile.open(part(3, 3)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("is part 3 of 3. Open " + part(1, 3));
        Path renamed = Files.move(part(3, 3), folder.resolve("renamed.gguf"));
        assertThatThrownBy(() -> GgufFile.open(renamed)).hasMessageContaining("named like model-00001-of-00003.gguf");
    }

    @Test
    void aRenamedFirstPartIsExplained() throws IOException {
        writeThreeParts();
        Path renamed = Files.move(part(1, 3), folder.resolve("renamed.gguf"));
        assertThatThrownBy(() -> GgufFile.open(renamed))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("its name does not end in -00001-of-00003.gguf");
    }

    @Test
    void exchangedPartsAreNoticed() throws IOException {
        writeThreeParts();
        Files.move(part(2, 3), folder.resolve("aside"));
        Files.move(part(3, 3), part(2, 3));
        Files.move(folder.resolve("aside"), part(3, 3));
        assertThatThrownBy(() -> GgufFile.open(part(1, 3)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining(part(2, 3) + ": key 'split.no'")
                .hasMessageContaining("says part 3 of 3");
    }

    @Test
    void partsOfDifferentModelsAreNoticed() throws IOException {
        writeThreeParts();
        byte[] third = Files.readAllBytes(part(3, 3));
        tensors = tensors.subList(0, 3);
        List<TensorSpec> twice = new ArrayList<>(tensors);
        twice.add(new TensorSpec("u", GgmlType.F32, new long[] {16}));
        GgufRoundTripTest.writeAll(folder.resolve("other.gguf"), METADATA, twice.reversed(), new WriteOptions(0, 2));
        Files.copy(folder.resolve("other-00002-of-00002.gguf"), part(2, 2));
        GgufRoundTripTest.writeAll(folder.resolve("model.gguf"), METADATA, twice, new WriteOptions(0, 2));
        Files.copy(
                folder.resolve("other-00002-of-00002.gguf"),
                part(2, 2),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> GgufFile.open(part(1, 2)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("is also in " + part(1, 2));
        Files.write(part(2, 2), third);
        assertThatThrownBy(() -> GgufFile.open(part(1, 2))).hasMessageContaining("says part 3 of 3");
    }

    @Test
    void aWrongTensorTotalIsNoticed() throws IOException {
        RawGguf first = new RawGguf()
                .pair("split.no", 2, (short) 0)
                .pair("split.count", 2, (short) 2)
                .pair("split.tensors.count", 5, 3)
                .vector("a", 8);
        RawGguf second = new RawGguf()
                .pair("split.no", 2, (short) 1)
                .pair("split.count", 2, (short) 2)
                .vector("b", 8);
        Files.write(part(1, 2), first.build());
        Files.write(part(2, 2), second.build());
        assertThatThrownBy(() -> GgufFile.open(part(1, 2)))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("promises 3 tensors, but the parts hold 2");
    }

    @Test
    void splitKeysOfTheWrongTypeAreRefused() throws IOException {
        // llama.cpp reads them as u16 and throws otherwise.
        Path file = Files.write(part(1, 2), new RawGguf().u32("split.count", 2).build());
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("key 'split.count': must be u16 but is u32");
        Files.write(file, new RawGguf().pair("split.count", 2, (short) 2).build());
        assertThatThrownBy(() -> GgufFile.open(file)).hasMessageContaining("key 'split.no': is missing");
    }

    @Test
    void aPartThatIsCorruptIsNamed() throws IOException {
        writeThreeParts();
        Files.write(part(3, 3), new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertThatThrownBy(() -> GgufFile.open(part(1, 3)))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith(part(3, 3) + ": byte 0, header: not a GGUF file");
    }

    @Test
    void closingWithoutCommitRemovesAllParts() throws IOException {
        try (GgufWriter writer =
                GgufWriter.create(folder.resolve("model.gguf"), METADATA, tensors, new WriteOptions(0, 3))) {
            assertThat(writer.paths()).containsExactly(part(1, 3), part(2, 3), part(3, 3));
            assertThat(folder.toFile().list()).hasSize(3).allMatch(name -> name.endsWith(".part"));
        }
        assertThat(folder.toFile().list()).isEmpty();
    }

    @Test
    void aPartThatCannotGetItsNameTakesTheOthersBack() throws IOException {
        GgufWriter writer = GgufWriter.create(folder.resolve("model.gguf"), METADATA, tensors, new WriteOptions(0, 3));
        try (writer) {
            Random random = new Random(1);
            for (TensorSpec tensor : tensors) {
                writer.write(
                        tensor.name(),
                        java.lang.foreign.MemorySegment.ofArray(GgufRoundTripTest.bytes(tensor, random)));
            }
            // The last part is named first; a folder in the way of the first makes that one fail.
            Files.createDirectories(part(1, 3).resolve("x"));
            assertThatThrownBy(writer::commit).isInstanceOf(GgufException.class);
        }
        assertThat(folder.toFile().list()).containsExactly("model-00001-of-00003.gguf");
    }
}
