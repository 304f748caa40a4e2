package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.kvant.engine.Engine;
import org.kvant.engine.request.Dry;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.grammar.Grammar;
import org.kvant.testkit.DemoModel;

class SamplerPreparationTest {
    private static Engine engine(int sequences) throws InterruptedException {
        Engine engine = Engine.start(
                DemoModel.file(),
                EngineOptions.builder()
                        .natives(DemoModel.natives())
                        .context(SchedulerHarness.context(sequences, sequences * 512)
                                .build())
                        .build(),
                EngineListener.NONE);
        assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
        return engine;
    }

    private static GenerationRequest.Builder request(Engine engine) {
        return GenerationRequest.builder("r", engine.tokenizer().tokenizePrompt("Once upon a time"))
                .sampling(SamplingOptions.builder().temperature(0).build())
                .maxTokens(10);
    }

    private static SamplingOptions dry() {
        return SamplingOptions.builder()
                .temperature(0)
                .dry(new Dry(0.8f, 1.75f, 2, 64, List.of("\n", ":", "\"", "*")))
                .build();
    }

    @Test
    void requestsWithGrammarsAndPenaltiesRunBesideOthers() throws Exception {
        try (Engine engine = engine(2)) {
            Grammar yes = Grammar.parse(
                    "root ::= \"yes\" | \"no\"", _ -> -1, engine.tokenizer().vocabularySize());
            List<Collector> answers = new ArrayList<>();
            List<Collector> others = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Collector constrained = new Collector();
                Collector penalized = new Collector();
                Collector plain = new Collector();
                engine.submit(request(engine).grammar(yes).build(), constrained);
                engine.submit(request(engine).sampling(dry()).build(), penalized);
                engine.submit(request(engine).build(), plain);
                answers.add(constrained);
                others.add(penalized);
                others.add(plain);
            }
            for (Collector answer : answers) {
                assertThat(answer.finish().reason()).isEqualTo(FinishReason.STOP);
                assertThat(answer.text()).isIn("yes", "no");
            }
            for (Collector other : others) {
                assertThat(other.finish().usage().completionTokens()).isPositive();
            }
        }
    }

    @Test
    void theDecodeThreadMakesNoSuchSampler() throws Exception {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            Set<String> threads = ConcurrentHashMap.newKeySet();
            GenerationRequest.Builder wanted =
                    harness.greedy(harness.tokens("Once"), 5).sampling(dry());
            Collector sink = new Collector();
            CompletableFuture<TokenSampler> sampler = new CompletableFuture<>();
            ActiveRequest request = harness.submit(wanted, sink, sampler);
            // Not ready: the request stays in line, and the thread has nothing to do.
            assertThat(harness.scheduler.step()).isFalse();
            assertThat(request.clock.started()).isFalse();
            Collector behind = new Collector();
            harness.submit(harness.greedy(harness.tokens("Once"), 5), behind);
            harness.run();
            assertThat(behind.finished()).isTrue();
            assertThat(sink.finished()).isFalse();
            harness.loaded
                    .preparation()
                    .start(
                            request.request,
                            request::finished,
                            sampler,
                            () -> threads.add(Thread.currentThread().getName()));
            TokenSampler made = sampler.join();
            harness.run();
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(5);
            assertThat(made).isNotNull();
            harness.loaded.preparation().close();
            assertThat(threads).containsExactly("kvant-prepare");
        }
    }

    @Test
    void aCancelledOneIsForgotten() throws Exception {
        try (Engine engine = engine(1)) {
            Collector sink = new Collector();
            engine.submit(request(engine).sampling(dry()).build(), sink).cancel();
            assertThat(sink.finish().reason()).isIn(FinishReason.CANCELLED, FinishReason.LENGTH);
            Collector next = new Collector();
            engine.submit(request(engine).sampling(dry()).build(), next);
            assertThat(next.finish().reason()).isNotEqualTo(FinishReason.ERROR);
        }
    }
}
