package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.LoadedModel;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.Gauges;
import org.kvant.llama.Backend;
import org.kvant.llama.ContextOptions;
import org.kvant.testkit.DemoModel;

/** A scheduler on the test's own thread, so that a test decides when each decode happens. */
public final class SchedulerHarness implements AutoCloseable {
    /** One decode: how many tokens, how many of them of prompts. */
    record Step(int tokens, int promptTokens) {}

    public final LoadedModel loaded;
    final AdmissionQueue queue;
    public final Scheduler scheduler;
    final Gauges gauges = new Gauges();
    public final List<Step> steps = new ArrayList<>();
    public final List<String> preempted = new ArrayList<>();
    /** Of each decode without prompts: its rows, those that nobody wants included. */
    final List<Integer> rows = new ArrayList<>();

    private final LiveRequests live;
    private final boolean shifts;
    private int count;

    public SchedulerHarness(ContextOptions context) throws IOException {
        this(DemoModel.file(), context, 512, Duration.ofDays(1));
    }

    public SchedulerHarness(Path file, ContextOptions context, int promptBudget, Duration pauseTimeout)
            throws IOException {
        // With guesses the number of decodes would depend on their speed.
        this(file, context, promptBudget, pauseTimeout, false);
    }

    public SchedulerHarness(
            Path file, ContextOptions context, int promptBudget, Duration pauseTimeout, boolean promptLookup)
            throws IOException {
        this(
                file,
                EngineOptions.builder()
                        .context(context)
                        .promptBudget(promptBudget)
                        .pauseTimeout(pauseTimeout)
                        .promptLookup(promptLookup));
    }

    public SchedulerHarness(Path file, EngineOptions.Builder wanted) throws IOException {
        EngineOptions options = wanted.natives(DemoModel.natives())
                .stepTarget(Duration.ofDays(1))
                .build();
        shifts = options.contextShift();
        Backend.load(options.natives());
        loaded = LoadedModel.load(file, options);
        queue = new AdmissionQueue(options.queueCapacity());
        EngineListener listener = new EngineListener() {
            @Override
            public void decodeStep(int batchTokens, int promptTokens, int sequences, long nanos) {
                steps.add(new Step(batchTokens, promptTokens));
            }

            @Override
            public void requestPreempted(String id) {
                preempted.add(id);
            }
        };
        live = new LiveRequests(listener);
        scheduler = new Scheduler(loaded, options, queue, live, listener, gauges, null, new UnmeasuredCosts(rows));
    }

    public static ContextOptions.Builder context(int sequences, int size) {
        return EngineOptions.defaultContext().threads(1).maxSequences(sequences).contextSize(size);
    }

    /** A prompt of just so many tokens. */
    int[] longPrompt(int length) {
        return Arrays.copyOf(tokens("The quick brown fox jumps over the lazy dog. ".repeat(60)), length);
    }

    public int[] tokens(String text) {
        return loaded.model().vocab().tokenize(text, true, true);
    }

    public ActiveRequest submit(GenerationRequest.Builder request, TokenSink sink) {
        return submit(request, sink, null);
    }

    /** @param prepared the request's sampler, made elsewhere; null for when it begins */
    ActiveRequest submit(
            GenerationRequest.Builder request, TokenSink sink, @Nullable CompletableFuture<TokenSampler> prepared) {
        ActiveRequest active =
                new ActiveRequest(request.build(), sink, loaded.info().sequenceContext(), shifts, prepared, () -> {});
        live.add(active);
        try {
            if (!queue.offer(active, () -> {})) {
                throw new AssertionError("queue closed");
            }
        } catch (QueueFullException e) {
            throw new AssertionError(e);
        }
        return active;
    }

    public GenerationRequest.Builder greedy(int[] prompt, int maxTokens) {
        return GenerationRequest.builder("r" + count++, prompt)
                .sampling(SamplingOptions.builder().temperature(0).build())
                .ignoreEos(true)
                .maxTokens(maxTokens);
    }

    public void run() {
        while (scheduler.step()) {}
        checkCells();
    }

    /** Empties all idle sequences. */
    public void forgetEverything() {
        scheduler.evictIdle();
    }

    /** What Java believes to be in the cells is what the native memory has. */
    public void checkCells() {
        for (Slot slot : scheduler.slots()) {
            assertThat(loaded.context().memory().maxPosition(slot.sequence))
                    .as("last position of sequence %d", slot.sequence)
                    .isEqualTo(slot.cells - 1);
            ActiveRequest owner = ActiveRequest.in(slot);
            assertThat(scheduler.scratchCells(slot.sequence))
                    .as("cells of sequence %d in the scratch", slot.sequence)
                    .isIn(0, owner == null ? scheduler.scratchCells(slot.sequence) : owner.scratch().computed);
        }
    }

    /** Greedy text of a prompt, from an empty cache. */
    public String alone(int[] prompt, int maxTokens) {
        Collector sink = new Collector();
        submit(greedy(prompt, maxTokens).reusePrefix(false), sink);
        run();
        sink.finish();
        return sink.text();
    }

    @Override
    public void close() {
        scheduler.endAll(FinishReason.CANCELLED, "test over");
        scheduler.close();
        loaded.close();
    }

    /** Guesses that don't depend on how busy the machine is. */
    private static final class UnmeasuredCosts extends StepCosts {
        private final List<Integer> rows;

        UnmeasuredCosts(List<Integer> rows) {
            this.rows = rows;
        }

        @Override
        public void measured(int tokens, long nanos) {
            rows.add(tokens);
        }
    }
}
