package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvant.engine.request.Dry;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Mirostat;
import org.kvant.engine.request.SamplerKind;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.grammar.Grammar;
import org.kvant.grammar.GrammarException;

/** Grammars, biases, ends and all samplers on the demo model. */
@TestInstance(Lifecycle.PER_CLASS)
class ConstrainedSamplingTest {
    private SchedulerHarness harness;

    @BeforeAll
    void load() throws IOException {
        harness = new SchedulerHarness(SchedulerHarness.context(2, 1024).build());
    }

    @AfterAll
    void close() {
        harness.close();
    }

    private Collector run(GenerationRequest.Builder request) {
        Collector sink = new Collector();
        harness.submit(request, sink);
        harness.run();
        return sink;
    }

    private GenerationRequest.Builder story(int maxTokens) {
        return harness.greedy(harness.tokens("Once upon a time"), maxTokens).ignoreEos(false);
    }

    private Grammar grammar(String text) throws GrammarException {
        return Grammar.parse(text, name -> -1, harness.loaded.model().vocab().size());
    }

    /** Logits that are not numbers let samplers choose what the grammar forbids. */
    @Test
    void oneRequestWithSenselessOptionsEndsAloneAndIsTold() throws GrammarException {
        SamplingOptions.Builder options = SamplingOptions.builder().temperature(0.8f);
        List<SamplingOptions> senseless = List.of(
                options.order(List.of(SamplerKind.TEMPERATURE))
                        .dynamicRange(0.5f)
                        .dynamicExponent(-1)
                        .build(),
                options.order(List.of(SamplerKind.TEMPERATURE))
                        .dynamicRange(1)
                        .dynamicExponent(100)
                        .minKeep(5)
                        .topK(0)
                        .build());
        for (SamplingOptions sampling : senseless) {
            for (String text : List.of("root ::= \"zq\"", "root ::= \"yes\" | \"no\"")) {
                Collector healthy = new Collector();
                harness.submit(story(20).ignoreEos(true), healthy);
                Collector sink = run(story(3).grammar(grammar(text)).sampling(sampling));
                Finish end = sink.finish();
                assertThat(end.reason()).isIn(FinishReason.ERROR, FinishReason.STOP, FinishReason.LENGTH);
                if (end.reason() == FinishReason.ERROR) {
                    assertThat(end.error()).contains("dynatemp");
                } else {
                    assertThat(List.of("zq", "yes", "no")).anyMatch(word -> word.startsWith(sink.text()));
                }
                assertThat(healthy.finish().usage().completionTokens()).isEqualTo(20);
            }
        }
    }

    /** As a receiver's own mistake would be. */
    @Test
    void aSinkThatOverflowsTheStackEndsItsOwnRequestOnly() {
        Collector healthy = new Collector();
        harness.submit(story(20).ignoreEos(true), healthy);
        Collector broken = new Collector() {
            @Override
            public void onText(String text, int tokenId) {
                throw new StackOverflowError("as deep as it gets");
            }
        };
        harness.submit(story(20).ignoreEos(true), broken);
        harness.run();
        assertThat(broken.finish().reason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(healthy.finish().usage().completionTokens()).isEqualTo(20);
    }

    @Test
    void textFollowsTheGrammar() throws GrammarException {
        String regex = "\\{\"name\": \"[A-Z][a-z]{2,8}\", \"age\": [1-9][0-9]?(, \"tags\": \\[(\"[a-z]+\")?\\])?\\}";
        Grammar json = grammar("""
                root ::= "{\\"name\\": " name ", \\"age\\": " [1-9] [0-9]? (", \\"tags\\": [" ("\\"" [a-z]+ "\\"")? "]")? "}"
                name ::= "\\"" [A-Z] [a-z]{2,8} "\\"" # a comment
                """);
        for (int seed = 0; seed < 12; seed++) {
            Collector sink = run(story(120)
                    .grammar(json)
                    .sampling(SamplingOptions.builder()
                            .temperature(seed == 0 ? 0 : 1.3f)
                            .seed(seed)
                            .build()));
            if (sink.finish().reason() == FinishReason.STOP) {
                assertThat(sink.text()).matches(regex);
            } else {
                assertThat(sink.text()).startsWith("{\"name\": \"");
            }
        }
    }

    @Test
    void textEndsWithTheGrammarEvenIfNoEndMayBeSampled() throws GrammarException {
        Collector sink =
                run(story(50).grammar(grammar("root ::= \"yes\" | \"no\"")).ignoreEos(true));
        assertThat(sink.finish().reason()).isEqualTo(FinishReason.STOP);
        assertThat(sink.text()).isIn("yes", "no");
    }

    @Test
    void aGrammarThatGetsTooAmbiguousEndsItsRequestAlone() throws GrammarException {
        // Every x doubles what may follow.
        Grammar doubling = grammar("root ::= a\na ::= \"x\" a \"y\" | \"x\" a \"z\" | \"w\"");
        Collector other = new Collector();
        harness.submit(story(60), other);
        Collector sink = run(story(100)
                .grammar(doubling)
                .sampling(SamplingOptions.builder()
                        .temperature(0)
                        .logitBias(Map.of(harness.tokens("x")[harness.tokens("x").length - 1], 100f))
                        .build()));
        assertThat(sink.finish().reason()).isEqualTo(FinishReason.ERROR);
        assertThat(sink.finish().error()).contains("ambiguous");
        assertThat(other.finish().reason()).isIn(FinishReason.STOP, FinishReason.LENGTH);
    }

    @Test
    void biasMakesATokenCertainOrImpossible() {
        int token = harness.tokens(" fox")[harness.tokens(" fox").length - 1];
        ActiveRequest forced = harness.submit(
                story(5).sampling(SamplingOptions.builder()
                        .temperature(0)
                        .logitBias(Map.of(token, 100f))
                        .build()),
                new Collector());
        harness.run();
        assertThat(forced.tokens.get(forced.promptTokens)).isEqualTo(token);
        int usual = firstToken(Map.of());
        assertThat(firstToken(Map.of(usual, -1e9f))).isNotEqualTo(usual);
    }

    private int firstToken(Map<Integer, Float> biases) {
        ActiveRequest request = harness.submit(
                story(1).sampling(SamplingOptions.builder()
                        .temperature(0)
                        .logitBias(biases)
                        .build()),
                new Collector());
        harness.run();
        return request.tokens.get(request.promptTokens);
    }

    @Test
    void aStopTokenEndsTheTextAndIsNotPartOfIt() {
        ActiveRequest free = harness.submit(story(10), new Collector());
        harness.run();
        int third = free.tokens.get(free.promptTokens + 2);
        Collector sink = new Collector();
        ActiveRequest stopped = harness.submit(story(10).stopTokens(List.of(third)), sink);
        harness.run();
        assertThat(sink.finish().reason()).isEqualTo(FinishReason.STOP);
        assertThat(stopped.sampled).isLessThanOrEqualTo(3);
        assertThat(stopped.tokens.get(stopped.tokens.size() - 1)).isEqualTo(third);
        int[] kept = new int[stopped.sampled - 1];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = stopped.tokens.get(stopped.promptTokens + i);
        }
        assertThat(sink.text()).isEqualTo(harness.loaded.model().vocab().detokenize(kept, false, false));
    }

    @Test
    void noEndComesBeforeTheFewestTokens() {
        Collector ending = run(harness.greedy(harness.tokens("Once upon a time, there was a fox"), 400)
                .ignoreEos(false));
        int usual = ending.finish().usage().completionTokens();
        assertThat(ending.finish().reason()).isEqualTo(FinishReason.STOP);
        Collector longer = run(harness.greedy(harness.tokens("Once upon a time, there was a fox"), 400)
                .ignoreEos(false)
                .minTokens(usual + 10));
        assertThat(longer.finish().usage().completionTokens()).isGreaterThanOrEqualTo(usual + 10);
        assertThat(longer.text()).startsWith(ending.text());
    }

    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void everySamplerRunsAloneAndWithTheOthers(SamplerKind kind) {
        SamplingOptions.Builder all = SamplingOptions.builder()
                .dynamicRange(0.3f)
                .typicalP(0.9f)
                .topNSigma(2)
                .minKeep(2)
                .xtcProbability(0.5f)
                .presencePenalty(0.5f)
                .dry(new Dry(0.8f, 1.75f, 2, 64, List.of("\n", "é", "日本")))
                .adaptiveTarget(0.4f)
                .seed(5);
        for (List<SamplerKind> order : List.of(
                kind == SamplerKind.INFILL ? List.of(SamplerKind.TOP_K, kind) : List.of(kind),
                List.of(SamplerKind.values()))) {
            String text = run(story(12)
                            .ignoreEos(true)
                            .sampling(all.order(order).build()))
                    .text();
            assertThat(text).isNotEmpty();
            assertThat(run(story(12).ignoreEos(true).sampling(all.order(order).build()))
                            .text())
                    .isEqualTo(text);
        }
    }

    @Test
    void bothMirostatsRun() {
        for (int version = 1; version <= 2; version++) {
            Collector sink = run(story(12)
                    .ignoreEos(true)
                    .sampling(SamplingOptions.builder()
                            .mirostat(new Mirostat(version, 4, 0.1f))
                            .seed(9)
                            .build()));
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(12);
        }
    }

    @Test
    void dryBreaksARepetition() {
        int[] prompt = harness.tokens("The cat ran. The cat ran. The cat ran. The cat ran. The cat");
        int[] ran = harness.tokens("cat ran");
        SamplingOptions plain = SamplingOptions.builder()
                .temperature(0)
                .logitBias(Map.of(ran[ran.length - 1], 50f))
                .build();
        String repeated = run(harness.greedy(prompt, 3).sampling(plain)).text();
        String broken = run(harness.greedy(prompt, 3)
                        .sampling(plain.toBuilder()
                                .dry(new Dry(100, 2, 2, 64, List.of("\n")))
                                .build()))
                .text();
        assertThat(repeated).startsWith(" ran");
        assertThat(broken).doesNotStartWith(" ran");
    }
}
