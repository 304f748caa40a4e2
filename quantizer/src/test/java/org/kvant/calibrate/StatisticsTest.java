package org.kvant.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.TinyModel;

/** What is not this model's statistics, whole and sound, is refused with a reason. */
class StatisticsTest {
    @TempDir
    Path folder;

    private Path model = Path.of("");
    private Path stats = Path.of("");

    @BeforeEach
    void calibrate() throws IOException {
        model = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        stats = folder.resolve("stats.gguf");
        Calibrations.run(Calibrations.options(model, stats).withChunks(2, 64).withFull(true, 1 << 20));
    }

    @Test
    void anotherModelIsRefused() throws IOException {
        try (Statistics statistics = Statistics.open(stats);
                GgufFile same = GgufFile.open(model)) {
            assertThat(statistics.requireModel(same)).isTrue();
            assertThat(statistics.modelName()).isEqualTo("tiny qwen2");
            for (TinyModel other : List.of(
                    TinyModel.qwen3(), TinyModel.llama(), TinyModel.qwen2().withoutTensor("blk.1.ffn_up.weight"))) {
                try (GgufFile file = GgufFile.open(other.write(folder.resolve("other.gguf")))) {
                    assertThatThrownBy(() -> statistics.requireModel(file))
                            .isInstanceOf(CalibrateException.class)
                            .hasMessageContaining("another model (tiny qwen2)")
                            .hasMessageContaining("other.gguf");
                }
            }
        }
    }

    /** Same names and shapes; one norm has other values, as in every fine-tuned model. */
    @Test
    void aFineTunedModelIsAnother() throws IOException {
        Path tuned = folder.resolve("tuned.gguf");
        Files.copy(model, tuned);
        try (GgufFile file = GgufFile.open(tuned);
                FileChannel channel = FileChannel.open(tuned, StandardOpenOption.WRITE)) {
            TensorInfo norm = file.tensor("blk.0.ffn_norm.weight").orElseThrow();
            channel.write(ByteBuffer.wrap(new byte[] {1}), file.fileOffset(norm));
        }
        try (Statistics statistics = Statistics.open(stats);
                GgufFile file = GgufFile.open(tuned)) {
            assertThatThrownBy(() -> statistics.requireModel(file)).hasMessageContaining("another model");
        }
    }

    @Test
    void otherFilesAreRefused() {
        assertThatThrownBy(() -> Statistics.open(model)).hasMessageContaining("is not a statistics file");
        assertThatThrownBy(() -> Statistics.open(Calibrations.resource("demo.imatrix.gguf")))
                .hasMessageContaining("llama-imatrix's")
                .hasMessageContaining("kvant calibrate");
        assertThatThrownBy(() -> Statistics.open(Calibrations.text())).isInstanceOf(CalibrateException.class);
        assertThatThrownBy(() -> Statistics.open(folder.resolve("absent.gguf"))).hasMessageContaining("no such file");
    }

    @Test
    void aTruncatedFileIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(stats);
        Path cut = folder.resolve("cut.gguf");
        for (int length : new int[] {3, 100, bytes.length / 2, bytes.length - 40}) {
            Files.write(cut, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> Statistics.open(cut))
                    .as("%d bytes", length)
                    .isInstanceOf(CalibrateException.class)
                    .hasMessageContaining("cut.gguf")
                    .hasMessageContaining("calibrate again");
        }
    }

    @Test
    void damagedValuesAreRefused() throws IOException {
        for (String tensor : List.of("blk.0.attn_k.weight.in_sum2", "blk.0.attn_q.weight.counts")) {
            for (float value : new float[] {Float.NaN, -1, Float.POSITIVE_INFINITY}) {
                Path damaged = damaged(tensor, 0, value);
                assertThatThrownBy(() -> Statistics.open(damaged))
                        .isInstanceOf(CalibrateException.class)
                        .hasMessageContaining(tensor)
                        .hasMessageContaining("calibrate again");
            }
        }
        Path moment = damaged("blk.1.ffn_down.weight.moment", 0, 1e6f);
        try (Statistics statistics = Statistics.open(moment)) {
            assertThatThrownBy(() -> statistics.moment("blk.1.ffn_down.weight", 0))
                    .isInstanceOf(CalibrateException.class)
                    .hasMessageContaining("blk.1.ffn_down.weight")
                    .hasMessageContaining("diagonal");
        }
    }

    private Path damaged(String tensor, int element, float value) throws IOException {
        Path copy = folder.resolve("damaged.gguf");
        try (GgufFile file = GgufFile.open(stats);
                GgufWriter writer = GgufWriter.create(
                        copy,
                        file.metadata(),
                        file.tensors().stream().map(TensorInfo::spec).toList())) {
            for (TensorInfo info : file.tensors()) {
                byte[] bytes = file.data(info).toArray(ValueLayout.JAVA_BYTE);
                if (info.name().equals(tensor)) {
                    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(4 * element, value);
                }
                writer.write(info.name(), MemorySegment.ofArray(bytes));
            }
            writer.commit();
        }
        return copy;
    }

    /** Whatever bytes are wrong in the header, opening either works or is refused: nothing else comes out. */
    @Test
    void randomDamageNeverSurprises() throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        byte[] bytes = Files.readAllBytes(stats);
        Path damaged = folder.resolve("random.gguf");
        for (int trial = 0; trial < 300; trial++) {
            byte[] changed = bytes.clone();
            int end = trial % 2 == 0 ? 4000 : bytes.length;
            changed[random.nextInt(end)] ^= (byte) (1 << random.nextInt(8));
            Files.write(damaged, changed);
            try (Statistics statistics = Statistics.open(damaged)) {
                for (LinearInput input : statistics.inputs()) {
                    statistics.moment(input.name(), 0);
                }
                statistics.chunks();
            } catch (IOException refused) {
                assertThat(refused).hasMessageContaining("random.gguf");
            }
        }
    }

    @Test
    void aMomentThatNeedsMoreMemoryThanAllowedIsRefused() {
        assertThatThrownBy(() -> Calibrations.run(
                        Calibrations.options(model, folder.resolve("x.gguf")).withFull(true, 10_000)))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("blk.0.ffn_down.weight")
                .hasMessageContaining("--memory");
        assertThat(RunFolder.of(folder.resolve("x.gguf"))).doesNotExist();
    }

    @Test
    void anOutputThatIsAnInputIsRefused() {
        assertThatThrownBy(() -> Calibrations.run(Calibrations.options(model, model)))
                .hasMessageContaining("input of this very work");
    }
}
