package org.kvant.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.Model;
import org.kvant.quantize.Preset;

class EvaluatorTest {
    private static final int SIZE = 128;

    @TempDir
    Path folder;

    private static Evaluation.Candidate evaluate(Path candidate, int chunks) throws IOException {
        return Evaluator.run(DemoModels.options(List.of(candidate), chunks, SIZE), ProgressListener.NONE)
                .candidates()
                .getFirst();
    }

    /**
     * Recorded from llama-perplexity of llama.cpp v0.5.0 with {@code -f LICENSE -c 128 -b 128 --chunks 16} and {@code --kl-divergence}. The
     * tolerances are for processors with other kernels: their rounding alone moves the mean by 0.3 % and the tail by 5 %.
     */
    @ParameterizedTest
    @CsvSource({
        "Q4_0, 726.119418, 0.004704, 0.000121, 0.003987, 0.017098, 0.054619, 0.90972, 0.00572, -0.012956, 0.003244",
        "Q2_K, 760.683318, 0.029289, 0.000851, 0.023826, 0.122104, 0.416008, 0.77183, 0.01645,  0.033547, 0.006945"
    })
    void givesTheFiguresOfLlamaPerplexity(
            Preset preset,
            double perplexity,
            double mean,
            double error,
            double median,
            double percentile99,
            double max,
            double sameTop,
            double rmsDeltaP,
            double logRatio,
            double logRatioError)
            throws IOException {
        Figures figures = evaluate(DemoModels.quantized(preset), 16).figures();
        assertThat(figures.tokens()).isEqualTo(16 * 63);
        assertThat(figures.perplexity().value()).isCloseTo(perplexity, withinPercentage(0.5));
        assertThat(figures.referencePerplexity().value()).isCloseTo(735.587942, withinPercentage(0.5));
        assertThat(figures.referencePerplexity().error()).isCloseTo(60.992141, withinPercentage(2));
        assertThat(figures.divergence().value()).isCloseTo(mean, withinPercentage(1));
        assertThat(figures.divergence().error()).isCloseTo(error, withinPercentage(4));
        assertThat(figures.medianDivergence()).isCloseTo(median, withinPercentage(2));
        assertThat(figures.divergence99()).isCloseTo(percentile99, withinPercentage(10));
        assertThat(figures.divergence999()).as("of 1008 tokens").isNull();
        assertThat(figures.maxDivergence()).isCloseTo(max, withinPercentage(10));
        assertThat(figures.sameTop().value()).isCloseTo(sameTop, within(0.02));
        assertThat(figures.rmsDeltaP().value()).isCloseTo(rmsDeltaP, withinPercentage(5));
        assertThat(figures.logRatio().value()).isCloseTo(logRatio, within(0.003));
        assertThat(figures.logRatio().error()).isCloseTo(logRatioError, withinPercentage(4));
    }

    @Test
    void aModelDoesNotDivergeFromItself() throws IOException {
        Evaluation.Candidate itself = evaluate(DemoModels.f16(), 3);
        assertThat(itself.scores().divergences()).containsOnly(0.0);
        assertThat(itself.figures().sameTop().value()).isEqualTo(1);
        assertThat(itself.figures().logRatio().value()).isZero();
        assertThat(itself.figures().perplexity()).isEqualTo(itself.figures().referencePerplexity());
    }

    @Test
    void everyTokenIsScoredAsAStraightforwardSumOverLogitsWould() throws IOException {
        Path candidate = DemoModels.quantized(Preset.Q4_0);
        Evaluation evaluation = Evaluator.run(DemoModels.options(List.of(candidate), 2, SIZE), ProgressListener.NONE);
        TokenScores scores = evaluation.candidates().getFirst().scores();
        for (int chunk = 0; chunk < 2; chunk++) {
            int[] tokens = evaluation.chunks().tokens()[chunk];
            List<double[]> p = logProbs(DemoModels.f16(), tokens);
            List<double[]> q = logProbs(candidate, tokens);
            for (int i = 0; i < 63; i++) {
                int at = chunk * 63 + i;
                double[] ofReference = p.get(64 + i);
                double[] ofCandidate = q.get(64 + i);
                double divergence = 0;
                for (int token = 0; token < ofReference.length; token++) {
                    divergence += Math.exp(ofReference[token]) * (ofReference[token] - ofCandidate[token]);
                }
                assertThat(scores.divergences()[at]).isCloseTo(divergence, within(1e-7));
                int target = tokens[64 + i + 1];
                assertThat(evaluation.chunks().target(chunk, i)).isEqualTo(target);
                assertThat(scores.logProbs()[at]).isCloseTo(ofCandidate[target], within(1e-8));
                assertThat(scores.referenceLogProbs()[at]).isCloseTo(ofReference[target], within(1e-8));
                assertThat(scores.sameTop()[at]).isEqualTo(argMax(ofReference) == argMax(ofCandidate));
            }
        }
    }

    private static List<double[]> logProbs(Path file, int[] tokens) throws IOException {
        List<double[]> rows = new ArrayList<>();
        try (Model model = Model.load(file);
                Context context = model.newContext(ContextOptions.builder()
                        .contextSize(SIZE)
                        .batchSize(SIZE)
                        .build())) {
            Batch batch = new Batch(SIZE);
            for (int i = 0; i < tokens.length; i++) {
                batch.add(tokens[i], i, 0, true);
            }
            var unused = context.decode(batch);
            for (int i = 0; i < tokens.length; i++) {
                float[] logits = context.logits(i);
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit);
                }
                double[] row = new double[logits.length];
                for (int token = 0; token < row.length; token++) {
                    row[token] = logits[token] - Math.log(sum);
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private static int argMax(double[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @Test
    void severalCandidatesAndTextsInOnePassGiveWhatEachGivesAlone() throws IOException {
        List<Path> candidates = List.of(DemoModels.quantized(Preset.Q4_0), DemoModels.quantized(Preset.Q2_K));
        EvaluateOptions both = new EvaluateOptions(
                DemoModels.f16(), candidates, List.of(DemoModels.LICENSE, DemoModels.STORIES), 2, SIZE, KvTypes.F16, 1);
        Evaluation evaluation = Evaluator.run(both, ProgressListener.NONE);
        assertThat(evaluation.chunks().textOf()).containsExactly(0, 0, 1, 1);
        for (Evaluation.Candidate candidate : evaluation.candidates()) {
            Figures alone = evaluate(candidate.file(), 2).figures();
            assertThat(candidate.byText().get(DemoModels.LICENSE)).isEqualTo(alone);
            assertThat(candidate.byText().get(DemoModels.STORIES)).isNotEqualTo(alone);
            assertThat(candidate.figures().tokens()).isEqualTo(4 * 63);
        }
    }

    @Test
    void aQuantizedCacheMovesTheCandidateOnly() throws IOException {
        EvaluateOptions options = DemoModels.options(List.of(DemoModels.f16()), 2, SIZE);
        Figures f16 = Evaluator.run(options, ProgressListener.NONE)
                .candidates()
                .getFirst()
                .figures();
        Figures q8 = Evaluator.run(options.withKv(new KvTypes(GgmlType.Q8_0, GgmlType.Q4_0)), ProgressListener.NONE)
                .candidates()
                .getFirst()
                .figures();
        assertThat(q8.referencePerplexity()).isEqualTo(f16.referencePerplexity());
        assertThat(q8.divergence().value()).isGreaterThan(1e-6).isLessThan(0.1);
        KvTypes tooWide = new KvTypes(GgmlType.Q8_0, GgmlType.Q4_K);
        assertThatThrownBy(() -> Evaluator.run(options.withKv(tooWide), ProgressListener.NONE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot be q4_K");
    }

    @Test
    void aProbeGivesTheSameFromStoredLogits() throws IOException {
        Path candidate = DemoModels.quantized(Preset.Q2_K);
        TokenScores live = evaluate(candidate, 4).scores();
        try (KldProbe probe = KldProbe.open(DemoModels.f16(), List.of(DemoModels.LICENSE), 4, SIZE, 1, folder)) {
            TokenScores stored = probe.evaluate(candidate);
            assertThat(stored.meanDivergence()).isCloseTo(live.meanDivergence(), withinPercentage(0.1));
            assertThat(stored.logProbs()).isEqualTo(live.logProbs());
            for (int chunk = 0; chunk < 4; chunk++) {
                assertThat(stored.chunkDivergence(chunk)).isCloseTo(live.chunkDivergence(chunk), withinPercentage(0.5));
            }
            assertThat(probe.evaluate(DemoModels.f16()).meanDivergence())
                    .as("floor of 16-bit logits")
                    .isLessThan(2e-6);
            assertThat(probe.evaluate(candidate).divergences()).isEqualTo(stored.divergences());
        }
        try (var left = Files.list(folder)) {
            assertThat(left).as("the logits are gone").isEmpty();
        }
    }

    @Test
    void otherVocabulariesAreRefused() throws IOException {
        Path renamed = withTokens("renamed.gguf", tokens -> tokens.set(700, "unheard-of"));
        assertThatThrownBy(() -> evaluate(renamed, 1))
                .isInstanceOf(EvaluateException.class)
                .hasMessageContaining(renamed.toString())
                .hasMessageContaining("token 700")
                .hasMessageContaining("made of the same model");
    }

    private Path withTokens(String name, java.util.function.Consumer<List<String>> change) throws IOException {
        Path target = folder.resolve(name);
        try (GgufFile source = GgufFile.open(DemoModels.f16())) {
            List<String> tokens = new ArrayList<>(source.metadata().strings("tokenizer.ggml.tokens"));
            change.accept(tokens);
            Metadata metadata = source.metadata().toBuilder()
                    .put("tokenizer.ggml.tokens", MetaArray.ofStrings(tokens))
                    .build();
            try (GgufWriter writer = GgufWriter.create(
                    target,
                    metadata,
                    source.tensors().stream().map(t -> t.spec()).toList())) {
                for (var tensor : source.tensors()) {
                    writer.write(tensor.name(), source.data(tensor));
                }
                writer.commit();
            }
        }
        return target;
    }

    @Test
    void textsThatCannotBeUsedAreNamed() throws IOException {
        Path brief = Files.writeString(folder.resolve("brief.txt"), "Once upon a time.");
        Path binary = Files.write(
                folder.resolve("latin1.txt"), "caf\u00e9 cr\u00e8me ".repeat(50).getBytes(StandardCharsets.ISO_8859_1));
        assertText(brief, "brief.txt: has only", "less than one chunk of 128");
        assertText(binary, "latin1.txt: is not text in UTF-8");
        assertText(DemoModels.f16(), "is a model, not a text");
        assertText(folder, "is a folder");
        assertThatThrownBy(
                        () -> Evaluator.run(DemoModels.options(List.of(DemoModels.f16()), 1, 8), ProgressListener.NONE))
                .hasMessageContaining("a chunk of 8 tokens is outside");
        assertThatThrownBy(() -> Evaluator.run(DemoModels.options(List.of(), 1, SIZE), ProgressListener.NONE))
                .hasMessageContaining("no model to evaluate");
    }

    private static void assertText(Path text, String... messages) {
        EvaluateOptions options = EvaluateOptions.of(DemoModels.f16(), List.of(DemoModels.f16()), List.of(text), 1)
                .withChunks(0, SIZE);
        assertThatThrownBy(() -> Evaluator.run(options, ProgressListener.NONE))
                .isInstanceOf(EvaluateException.class)
                .hasMessageContainingAll(messages);
    }
}
