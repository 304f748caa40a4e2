package org.kvant.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.TinyModel;

/** However a run is interrupted, the next one ends with the very file that an undisturbed one makes. */
class ResumeTest {
    /** Three runs of the model: the largest input's moment is 96 * 97 / 2 floats. */
    private static final long SMALL_MEMORY = 40_000;

    @TempDir
    Path folder;

    private CalibrateOptions options(Path model, String output) {
        return Calibrations.options(model, folder.resolve(output))
                .withFull(true, SMALL_MEMORY)
                .withSaveEvery(Duration.ZERO);
    }

    @Test
    void stoppedAfterAnyChunkItGoesOn() throws IOException {
        Path model = TinyModel.qwen3moe().write(folder.resolve("tiny.gguf"));
        CalibrateOptions whole = options(model, "whole.gguf").withFull(true, 100_000);
        Calibrations.run(whole);
        CalibrateOptions stopped = options(model, "stopped.gguf").withFull(true, 100_000);
        int runs = 0;
        boolean complete = false;
        while (!complete) {
            AtomicInteger asked = new AtomicInteger();
            // One chunk a run: asked before the first, and again before the second.
            complete = Calibrator.run(stopped, ProgressListener.NONE, () -> asked.getAndIncrement() == 1, note -> {})
                    .complete();
            assertThat(Files.exists(stopped.output())).isEqualTo(complete);
            runs++;
        }
        assertThat(runs).as("several runs over %d chunks", Calibrations.CHUNKS).isGreaterThan(2 * Calibrations.CHUNKS);
        assertThat(stopped.output()).hasSameBinaryContentAs(whole.output());
        assertThat(RunFolder.of(stopped.output())).doesNotExist();
    }

    @Test
    void killedAtAnyMomentItGoesOn() throws IOException {
        Path model = TinyModel.llama().write(folder.resolve("tiny.gguf"));
        CalibrateOptions whole = options(model, "whole.gguf");
        List<Long> steps = new ArrayList<>();
        Calibrator.run(whole, (what, done, all) -> steps.add(done), () -> false, note -> {});
        assertThat(steps).hasSizeGreaterThan(2 * Calibrations.CHUNKS);
        for (int death = 0; death < steps.size(); death += 3) {
            CalibrateOptions killed = options(model, "killed" + death + ".gguf");
            int last = death;
            AtomicInteger step = new AtomicInteger();
            assertThatThrownBy(() -> Calibrator.run(
                            killed,
                            (what, done, all) -> {
                                if (step.getAndIncrement() == last) {
                                    throw new IllegalStateException("killed");
                                }
                            },
                            () -> false,
                            note -> {}))
                    .hasMessage("killed");
            assertThat(killed.output()).doesNotExist();
            List<String> notes = Calibrations.run(killed);
            assertThat(notes).anyMatch(note -> note.contains("unfinished run"));
            assertThat(killed.output()).hasSameBinaryContentAs(whole.output());
        }
    }

    @Test
    void anotherRunIsNotMixedIn() throws IOException {
        Path model = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        CalibrateOptions first = options(model, "out.gguf");
        Calibrator.run(first, ProgressListener.NONE, () -> true, note -> {});
        assertThat(RunFolder.of(first.output())).isDirectory();
        for (CalibrateOptions other : List.of(
                first.withChunks(3, Calibrations.CHUNK_SIZE),
                first.withChunks(Calibrations.CHUNKS, 64),
                first.withFull(false, 1))) {
            assertThatThrownBy(() -> Calibrations.run(other))
                    .isInstanceOf(CalibrateException.class)
                    .hasMessageContaining("unfinished run with another")
                    .hasMessageContaining("remove the folder");
        }
        Calibrations.run(first.withFull(true, 1 << 20));
        assertThat(RunFolder.of(first.output())).doesNotExist();
    }

    @Test
    void aDamagedStateIsRefused() throws IOException {
        Path model = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        CalibrateOptions options = options(model, "out.gguf");
        AtomicInteger asked = new AtomicInteger();
        Calibrator.run(options, ProgressListener.NONE, () -> asked.getAndIncrement() == 2, note -> {});
        Path state = RunFolder.of(options.output()).resolve("state.gguf");
        byte[] bytes = Files.readAllBytes(state);
        Files.write(state, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> Calibrations.run(options))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining("remove the folder");
    }

    @Test
    void textThatTheModelWritesIsKeptToo() throws IOException {
        Path model = TinyModel.llama().write(folder.resolve("tiny.gguf"));
        TextSource self = new TextSource.SelfWritten(7);
        int chunks = SelfText.WAVE + 3;
        CalibrateOptions whole =
                Calibrations.options(model, folder.resolve("whole.gguf"), self).withChunks(chunks, 32);
        CalibrateOptions stopped = Calibrations.options(model, folder.resolve("stopped.gguf"), self)
                .withChunks(chunks, 32);
        Calibrations.run(whole);
        AtomicInteger asked = new AtomicInteger();
        assertThat(Calibrator.run(stopped, ProgressListener.NONE, () -> asked.getAndIncrement() == 40, note -> {})
                        .complete())
                .isFalse();
        assertThat(Calibrator.unfinishedSeed(stopped.output())).hasValue(7);
        Calibrations.run(stopped);
        assertThat(stopped.output()).hasSameBinaryContentAs(whole.output());
    }
}
