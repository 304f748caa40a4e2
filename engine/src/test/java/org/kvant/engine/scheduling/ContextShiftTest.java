package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Usage;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.settings.EngineSetupException;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Memory;
import org.kvant.testkit.DemoModel;

class ContextShiftTest {
    private static final int CONTEXT = 256;

    private static SchedulerHarness harness(ContextOptions.Builder context, boolean lookup) throws IOException {
        return new SchedulerHarness(
                DemoModel.file(),
                EngineOptions.builder()
                        .context(context.build())
                        .promptLookup(lookup)
                        .contextShift(true));
    }

    private static SchedulerHarness harness() throws IOException {
        return harness(SchedulerHarness.context(1, CONTEXT), false);
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** The same by hand: greedy tokens, moving the older half out with the library's own functions. */
    private static List<Integer> reference(SchedulerHarness harness, int[] prompt, int count, int keep) {
        List<Integer> sampled = new ArrayList<>();
        try (Context context = harness.loaded
                .model()
                .newContext(SchedulerHarness.context(1, CONTEXT).build())) {
            Batch batch = new Batch(CONTEXT);
            int index = -1;
            for (int i = 0; i < prompt.length; i++) {
                index = batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            int past = prompt.length;
            while (true) {
                assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
                context.forbid(index, harness.loaded.model().vocab().endTokens());
                context.forbid(index, harness.loaded.model().vocab().suppressedTokens());
                int token = likeliest(context.logits(index));
                sampled.add(token);
                if (sampled.size() == count) {
                    return sampled;
                }
                if (past == CONTEXT) {
                    int dropped = (past - keep) / 2;
                    assertThat(context.memory().removeRange(0, keep, keep + dropped))
                            .isTrue();
                    context.memory().shift(0, keep + dropped, Memory.END, -dropped);
                    past -= dropped;
                }
                batch.clear();
                index = batch.add(token, past++, 0, true);
            }
        }
    }

    @Test
    void textsGoOnAsWithTheLibrarysOwnFunctions() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int[] prompt = harness.tokens("Once upon a time there was a little fox who lived in the woods.");
            int bos = harness.loaded.model().vocab().addsBos() ? 1 : 0;
            List<Integer> expected = reference(harness, prompt, 600, 4 + bos);
            Collector sink = new Collector();
            ActiveRequest request = harness.submit(harness.greedy(prompt, 600).keep(4), sink);
            while (harness.scheduler.step()) {
                harness.checkCells();
            }
            Finish end = sink.finish();
            assertThat(end.reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(end.usage()).isEqualTo(new Usage(prompt.length, 0, 600));
            int held = request.tokens.size() - (4 + bos);
            assertThat(held).isLessThanOrEqualTo(CONTEXT);
            for (int i = 1; i <= held; i++) {
                assertThat(request.tokens.get(request.tokens.size() - i))
                        .as("token %d from the end", i)
                        .isEqualTo(expected.get(expected.size() - i));
            }
        }
    }

    @Test
    void aTextWithoutALimitEndsWithTheContext() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int[] prompt = harness.tokens("Once upon a time");
            Collector sink = new Collector();
            harness.submit(harness.greedy(prompt, GenerationRequest.UNLIMITED), sink);
            harness.run();
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(CONTEXT - prompt.length);
        }
    }

    @Test
    void movedCellsAreNotTakenForAPrompt() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int bos = harness.loaded.model().vocab().addsBos() ? 1 : 0;
            int[] prompt = harness.longPrompt(100);
            ActiveRequest first = harness.submit(harness.greedy(prompt, 300).keep(20), new Collector());
            harness.run();
            // What the sequence seems to hold, if only tokens are compared.
            int[] window = new int[Math.min(first.tokens.size(), CONTEXT - 40)];
            for (int i = 0; i < window.length; i++) {
                window[i] = first.tokens.get(i);
            }
            Collector again = new Collector();
            harness.submit(harness.greedy(window, 30), again);
            harness.run();
            assertThat(again.finish().usage().cachedTokens()).isEqualTo(20 + bos);
            harness.forgetEverything();
            assertThat(again.text()).isEqualTo(harness.alone(window, 30));
        }
    }

    @Test
    void thePromptMayBeKept() throws IOException {
        try (SchedulerHarness harness = harness()) {
            int[] prompt = harness.longPrompt(120);
            ActiveRequest request =
                    harness.submit(harness.greedy(prompt, 500).keep(GenerationRequest.WHOLE_PROMPT), new Collector());
            harness.run();
            assertThat(request.sampled).isEqualTo(500);
            assertThat(request.tokens.commonPrefix(new TokenList(prompt, 0))).isEqualTo(prompt.length);
            // A prompt that fills the context leaves room for some tokens all the same.
            ActiveRequest full = harness.submit(
                    harness.greedy(harness.longPrompt(CONTEXT - 1), 100).keep(GenerationRequest.WHOLE_PROMPT),
                    new Collector());
            harness.run();
            assertThat(full.sampled).isEqualTo(100);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void severalStreamsAndGuesses(boolean unified) throws IOException {
        try (SchedulerHarness harness =
                harness(SchedulerHarness.context(3, 3 * CONTEXT).kvUnified(unified), true)) {
            List<ActiveRequest> requests = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int[] prompt = Arrays.copyOf(harness.longPrompt(60), 40 + i);
                requests.add(harness.submit(harness.greedy(prompt, unified ? 900 : 500), new Collector()));
            }
            while (harness.scheduler.step()) {
                harness.checkCells();
            }
            for (ActiveRequest request : requests) {
                assertThat(request.sampled).isEqualTo(unified ? 900 : 500);
            }
        }
    }

    @Test
    void aCacheThatCannotBeMovedIsRefused() {
        assertThatThrownBy(() -> harness(SchedulerHarness.context(1, CONTEXT).cacheTypeK(GgmlType.BF16), false))
                .isInstanceOf(EngineSetupException.class)
                .hasMessageContaining("can't be shifted")
                .hasMessageContaining("bf16");
    }
}
