package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.library.NativeLog;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.llama.state.SavedSequence;

/** llama.cpp copies cells between sequences' buffers, and rotates shifted keys, at the next decode; whoever saves or restores before must not notice. */
class DeferredUpdatesTest {
    private static final int LENGTH = 40;
    private static final int NEXT = 77;

    @TempDir
    private Path dir;

    private Model model;
    private Context context;
    private final Arena arena = Arena.ofConfined();

    @BeforeEach
    void open() throws Exception {
        Backend.load();
        model = Model.load(TinyModel.llama().write(dir.resolve("tiny.gguf")), ModelOptions.defaults());
        context = model.newContext(ContextOptions.builder()
                .contextSize(4 * 256)
                .maxSequences(4)
                .threads(2)
                .build());
    }

    @AfterEach
    void close() {
        context.close();
        model.close();
        arena.close();
    }

    private void prompt(int sequence, int seed) {
        Batch batch = new Batch(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            batch.add(5 + (i * seed) % 90, i, sequence, false);
        }
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
    }

    private float[] next(int sequence) {
        Batch batch = new Batch(1);
        int index = batch.add(NEXT, context.memory().maxPosition(sequence) + 1, sequence, true);
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        float[] logits = context.logits(index);
        assertThat(context.memory().removeRange(sequence, context.memory().maxPosition(sequence), Memory.END))
                .isTrue();
        return logits;
    }

    private byte[] cells(int sequence) {
        return context.memory().save(sequence, arena).handle().segment().toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void whatIsSavedHasBeenCopied() {
        prompt(0, 7);
        float[] expected = next(0);
        context.memory().copy(0, 1, 0, Memory.END);
        SavedSequence saved = context.memory().save(1, arena);
        assertThat(context.memory().maxPosition(1)).isEqualTo(LENGTH - 1);
        assertThat(next(1)).isEqualTo(expected);
        assertThat(context.memory().restore(3, saved)).isTrue();
        assertThat(next(3)).isEqualTo(expected);
        assertThat(next(0)).isEqualTo(expected);
    }

    @Test
    void aSourceIsCopiedBeforeItIsReplaced() {
        prompt(0, 7);
        prompt(2, 11);
        float[] first = next(0);
        float[] second = next(2);
        SavedSequence other = context.memory().save(2, arena);
        context.memory().copy(0, 1, 0, Memory.END);
        assertThat(context.memory().restore(0, other)).isTrue();
        assertThat(next(1)).isEqualTo(first);
        assertThat(next(0)).isEqualTo(second);
    }

    @Test
    void aTargetThatWasGivenUpIsNotOverwritten() {
        prompt(0, 7);
        prompt(2, 11);
        float[] second = next(2);
        SavedSequence other = context.memory().save(2, arena);
        context.memory().copy(0, 1, 0, Memory.END);
        context.memory().remove(1);
        assertThat(context.memory().restore(1, other)).isTrue();
        assertThat(next(1)).isEqualTo(second);
    }

    @Test
    void shiftedKeysAreSavedRotated() {
        prompt(0, 7);
        assertThat(context.memory().removeRange(0, 8, 16)).isTrue();
        context.memory().shift(0, 16, Memory.END, -8);
        SavedSequence saved = context.memory().save(0, arena);
        float[] expected = next(0);
        context.memory().remove(0);
        assertThat(context.memory().restore(0, saved)).isTrue();
        // The cells now lie side by side, and sums come in another order.
        assertThat(next(0)).containsExactly(expected, within(0.05f));
    }

    @Test
    void anAbortThatWasAskedForBeforeStillComes() {
        prompt(0, 7);
        context.memory().copy(0, 1, 0, Memory.END);
        context.requestAbort();
        assertThat(cells(1)).isNotEmpty();
        Batch batch = new Batch(1);
        batch.add(NEXT, LENGTH, 1, true);
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Aborted.class);
        assertThat(context.memory().maxPosition(1)).isEqualTo(LENGTH - 1);
    }

    /** Stopped half-way, the first layers' keys would be rotated again by the next decode. */
    @Test
    void aDecodeThatRotatesKeysIsNotStopped() {
        prompt(0, 7);
        prompt(1, 7);
        for (int sequence = 0; sequence < 2; sequence++) {
            assertThat(context.memory().removeRange(sequence, 8, 16)).isTrue();
            context.memory().shift(sequence, 16, Memory.END, -8);
            if (sequence == 1) {
                context.requestAbort();
            }
            next(sequence);
        }
        assertThat(next(1)).isEqualTo(next(0));
        context.requestAbort();
        Batch batch = new Batch(1);
        batch.add(NEXT, context.memory().maxPosition(0) + 1, 0, true);
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Aborted.class);
    }

    @Test
    void savingLogsNoError() {
        prompt(0, 7);
        context.memory().copy(0, 1, 0, Memory.END);
        try (NativeLog.Capture said = new NativeLog.Capture()) {
            assertThat(cells(1)).isNotEmpty();
            assertThat(said.problemsOr("none")).isEqualTo("none");
            context.requestAbort();
            Batch batch = new Batch(1);
            batch.add(NEXT, LENGTH, 1, true);
            assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Aborted.class);
            assertThat(said.problemsOr("none")).as("a stopped decode").isNotEqualTo("none");
        }
    }
}
