package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.Engine;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.Usage;
import org.kvant.engine.settings.DraftOptions;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.settings.EngineSetupException;
import org.kvant.engine.speculation.DraftPolicy;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.TinyModel;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import org.kvant.testkit.DemoModel;

/** The demo model in Q4_0 guesses for itself in F16. */
class DraftModelTest {
    @TempDir
    static Path dir;

    private static Path small;

    @BeforeAll
    static void quantize() throws IOException {
        small = dir.resolve("demo-q4_0.gguf");
        var unused = Quantizer.run(QuantizeOptions.of(DemoModel.file(), small, Preset.Q4_0), ProgressListener.NONE);
    }

    private static SchedulerHarness harness(int sequences, boolean unified, boolean drafts) throws IOException {
        return new SchedulerHarness(
                DemoModel.file(),
                EngineOptions.builder()
                        .context(SchedulerHarness.context(sequences, sequences * 512)
                                .kvUnified(unified)
                                .build())
                        .promptLookup(false)
                        .draft(drafts ? new DraftOptions(small, 6, true) : null));
    }

    private static List<Collector> stories(SchedulerHarness harness, SamplingOptions sampling) {
        List<Collector> sinks = new ArrayList<>();
        for (String name : List.of("a cat", "a small dog", "an old tree that could speak")) {
            Collector sink = new Collector();
            harness.submit(
                    harness.greedy(harness.tokens("Once upon a time there was " + name), 80)
                            .sampling(sampling),
                    sink);
            sinks.add(sink);
        }
        harness.run();
        return sinks;
    }

    private static List<String> texts(List<Collector> sinks) {
        return sinks.stream().map(Collector::text).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void greedyTextsAreThoseOfPlainDecodingInFewerSteps(boolean unified) throws IOException {
        SamplingOptions greedy = SamplingOptions.builder().temperature(0).build();
        List<String> plain;
        int plainSteps;
        try (SchedulerHarness harness = harness(3, unified, false)) {
            plain = texts(stories(harness, greedy));
            plainSteps = harness.steps.size();
        }
        try (SchedulerHarness harness = harness(3, unified, true)) {
            List<Collector> sinks = stories(harness, greedy);
            assertThat(texts(sinks)).isEqualTo(plain);
            for (Collector sink : sinks) {
                Usage usage = sink.finish().usage();
                assertThat(usage.completionTokens()).isEqualTo(80);
                // A quarter of the bits mostly says the same.
                assertThat(usage.acceptedTokens())
                        .isGreaterThan(usage.draftedTokens() / 2)
                        .isLessThanOrEqualTo(usage.draftedTokens());
            }
            assertThat(harness.steps.size()).isLessThan(plainSteps / 2);
        }
    }

    @Test
    void goesOnAfterAnotherTextTookItsSequence() throws IOException {
        try (SchedulerHarness plain = harness(1, false, false);
                SchedulerHarness harness = harness(1, false, true)) {
            for (String prompt : List.of("Once upon a time", "One day a girl named Lily", "Once upon a time", "Once")) {
                int[] tokens = harness.tokens(prompt);
                assertThat(harness.alone(tokens, 40)).isEqualTo(plain.alone(tokens, 40));
            }
        }
    }

    @Test
    void cancelledAndPreemptedRequestsDoNotConfuseIt() throws IOException {
        try (SchedulerHarness harness = new SchedulerHarness(
                DemoModel.file(),
                EngineOptions.builder()
                        .context(
                                SchedulerHarness.context(4, 512).kvUnified(true).build())
                        .promptLookup(true)
                        .draft(new DraftOptions(small, 6, true)))) {
            List<Collector> sinks = new ArrayList<>();
            List<ActiveRequest> requests = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Collector sink = new Collector();
                sinks.add(sink);
                requests.add(harness.submit(
                        harness.greedy(harness.tokens("There was once a king. ".repeat(4 + i)), 200), sink));
            }
            for (int step = 0; step < 6; step++) {
                harness.scheduler.step();
                harness.checkCells();
            }
            requests.get(2).cancel();
            harness.run();
            for (int i : new int[] {0, 1, 3}) {
                assertThat(sinks.get(i).finish().usage().completionTokens()).isEqualTo(200);
            }
            assertThat(harness.preempted).isNotEmpty();
        }
    }

    @Test
    void aSeedDrawsFromTheServedModel() throws IOException {
        SamplingOptions seeded =
                SamplingOptions.builder().temperature(0.8f).seed(7).build();
        List<String> plain;
        try (SchedulerHarness harness = harness(3, false, false)) {
            plain = texts(stories(harness, seeded));
        }
        try (SchedulerHarness harness = harness(3, false, true)) {
            List<Collector> sinks = stories(harness, seeded);
            int same = 0;
            for (int i = 0; i < plain.size(); i++) {
                same += sinks.get(i).text().regionMatches(0, plain.get(i), 0, 40) ? 1 : 0;
                assertThat(sinks.get(i).finish().usage().acceptedTokens()).isPositive();
            }
            // Batches of other shapes round differently, which may tip a draw.
            assertThat(same).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void aModelWithAnotherVocabularyIsRefused() throws IOException {
        Path other = TinyModel.llama().write(dir.resolve("other.gguf"));
        assertThatThrownBy(() -> new SchedulerHarness(
                        DemoModel.file(),
                        EngineOptions.builder()
                                .context(SchedulerHarness.context(1, 512).build())
                                .draft(DraftOptions.of(other, 4))))
                .isInstanceOf(EngineSetupException.class)
                .hasMessageContaining("other.gguf")
                .hasMessageContaining("another vocabulary")
                .hasMessageContaining("same family");
        Engine engine = Engine.start(
                DemoModel.file(),
                EngineOptions.builder()
                        .natives(DemoModel.natives())
                        .draft(DraftOptions.of(other, 4))
                        .build(),
                EngineListener.NONE);
        try (engine) {
            assertThat(await(engine)).isEqualTo(EngineState.FAILED);
            assertThat(engine.failure()).isInstanceOf(EngineSetupException.class);
        }
    }

    @Test
    void aModelThatCannotBeSetBackIsRefused() throws IOException {
        Path windowed = TinyModel.gemma3().write(dir.resolve("gemma3.gguf"));
        assertThatThrownBy(() -> new SchedulerHarness(
                        windowed,
                        EngineOptions.builder()
                                .context(SchedulerHarness.context(1, 512).build())
                                .draft(DraftOptions.of(windowed, 4))))
                .isInstanceOf(EngineSetupException.class)
                .hasMessageContaining("sliding window");
        assertThat(Files.exists(windowed)).isTrue();
    }

    @Test
    void guessingStopsWhereTheModelCostsMoreThanItSaves() {
        StepCosts costs = new StepCosts();
        for (int i = 1; i <= 40; i++) {
            costs.measured(1 + i % 4, 10_000_000L + 100_000L * (i % 4));
        }
        DraftPolicy cheap = DraftPolicy.ofModel(DraftPolicy.general());
        assertThat(cheap.length(8, 1, 1_000_000, costs, true)).isPositive();
        assertThat(cheap.gain()).isPositive();
        DraftPolicy dear = DraftPolicy.ofModel(DraftPolicy.general());
        int guessed = 0;
        for (int i = 0; i < 1000; i++) {
            guessed += dear.length(8, 1, 10_000_000, costs, true);
        }
        // Tried once, and never again.
        assertThat(guessed).isEqualTo(4);
        DraftPolicy history = DraftPolicy.general();
        for (int i = 0; i < 100; i++) {
            DraftPolicy.ofModel(history).learn(4, 0);
        }
        assertThat(DraftPolicy.ofModel(history).length(8, 1, 1_000_000, costs, true))
                .isZero();
    }

    private static EngineState await(Engine engine) {
        try {
            return engine.awaitReady(Duration.ofMinutes(1));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
