package org.kvant.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.evaluate.ChoiceScore;
import org.kvant.evaluate.DemoModels;
import org.kvant.evaluate.Estimate;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Evaluator;
import org.kvant.evaluate.TokenDump;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Backend;
import org.kvant.quantize.KvOverride;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import org.xml.sax.InputSource;

class ReportTest {
    @TempDir
    Path folder;

    private Path ours() throws IOException {
        Path file = folder.resolve("ours & <b>.gguf");
        Quantizer.run(
                QuantizeOptions.builder(DemoModels.f16(), file, Preset.Q4_K_M)
                        .threads(1)
                        .overrides(List.of(KvOverride.parse("kvant.recipe=str:<script>alert(1)</script>")))
                        .build(),
                ProgressListener.NONE);
        return file;
    }

    private static Results results(List<Path> candidates) throws IOException {
        Evaluation evaluation = Evaluator.run(DemoModels.options(candidates, 2, 128), ProgressListener.NONE);
        Results.Pair pair = new Results.Pair(
                candidates.get(0), candidates.get(1), evaluation.paired(candidates.get(0), candidates.get(1), 1));
        ChoiceScore score = new ChoiceScore(10, new Estimate(0.5, 0.1), new Estimate(0.6, 0.1));
        return new Results(evaluation, pair, Map.of(candidates.get(0), score));
    }

    private static RunInfo run() {
        return RunInfo.here("kvant evaluate 'a b.gguf'", Backend.load());
    }

    @Test
    void oneWellFormedPageShowsEveryCandidateAndFetchesNothing() throws Exception {
        Path ours = ours();
        List<Path> candidates = List.of(ours, DemoModels.quantized(Preset.Q2_K), DemoModels.f16());
        Results results = results(candidates);
        StringWriter out = new StringWriter();
        Report.write(results, run(), out);
        String page = out.toString();
        assertThat(page)
                .startsWith("<!doctype html>")
                .contains("ours &amp; &lt;b&gt;", "demo-Q2_K", "demo-f16")
                .contains("&lt;script&gt;alert(1)&lt;/script&gt;", "kvant.recipe")
                .doesNotContain("<script", "ours & <b>")
                .contains("prefers-color-scheme:dark", "name=\"viewport\"")
                .contains("class=\"mark kvant\"", "class=\"mark preset\"", "kvant, types chosen")
                .contains("Weight error by layer and role")
                .doesNotContain("as predicted")
                .contains("Not drawn: 1 with a divergence of zero")
                .contains("blk.0.attn_q.weight: Q2_K, ")
                .contains("kvant evaluate &#39;a b.gguf&#39;", "f16/f16", "LICENSE")
                .contains(Html.estimate(
                        results.evaluation().candidates().getFirst().figures().divergence(), 1));
        assertThat(Pattern.compile("(?i)(src|href|url\\(|@import|https?:)")
                        .matcher(page)
                        .find())
                .as("nothing is fetched")
                .isFalse();
        assertWellFormed(page);
    }

    /** Void elements of HTML are closed first; everything else must nest as XML does. */
    private static void assertWellFormed(String page) throws Exception {
        String xml = page.replaceFirst("<!doctype html>", "")
                .replaceAll("<(meta|br)([^>]*)>", "<$1$2/>")
                .replace("<details open>", "<details>");
        var builder = javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder();
        assertThat(builder.parse(new InputSource(new StringReader(xml)))
                        .getElementsByTagName("tr")
                        .getLength())
                .as("rows: two headings, three models twice, the reference")
                .isEqualTo(2 + 2 * 3 + 1);
    }

    @Test
    void weightErrorsAreThoseOfTheDecodedTensors() throws IOException {
        try (WeightErrors errors = WeightErrors.against(DemoModels.f16())) {
            ModelFacts q8 = ModelFacts.of(DemoModels.quantized(Preset.Q8_0), errors);
            ModelFacts q2 = ModelFacts.of(DemoModels.quantized(Preset.Q2_K), errors);
            assertThat(q8.maker()).isEqualTo(Maker.PRESET);
            assertThat(ModelFacts.of(DemoModels.f16(), errors).maker()).isEqualTo(Maker.FULL);
            assertThat(error(q8, "blk.3.ffn_up.weight")).isBetween(0.002, 0.01);
            assertThat(error(q2, "blk.3.ffn_up.weight")).isBetween(0.15, 0.6);
            assertThat(q2.tensors().stream().filter(t -> t.info().name().endsWith("norm.weight")))
                    .isNotEmpty()
                    .allMatch(t -> t.error().isEmpty());
            assertThat(q2.tensors().stream().mapToInt(t -> t.role().layer()).filter(layer -> layer >= 0))
                    .isSorted();
        }
    }

    private Path recorded(String name, float... losses) throws IOException {
        Path file = folder.resolve(name);
        try (GgufFile demo = GgufFile.open(DemoModels.quantized(Preset.Q4_0))) {
            String recipe = "statistics: s.gguf\ntensors:\n- match: ^blk\\.0\\.attn_q\\.weight$\n  type: Q4_0\n"
                    + "- match: ^blk\\.1\\.ffn_down\\.weight$\n  type: Q4_0\n";
            Metadata metadata = demo.metadata().toBuilder()
                    .putString("kvant.recipe", recipe)
                    .putF32s("kvant.quantize.loss", losses)
                    .build();
            try (GgufWriter writer = GgufWriter.create(
                    file,
                    metadata,
                    demo.tensors().stream().map(TensorInfo::spec).toList())) {
                for (TensorInfo tensor : demo.tensors()) {
                    writer.write(tensor.name(), demo.data(tensor));
                }
                writer.commit();
            }
        }
        return file;
    }

    @Test
    void recordedLossesAreShownByLayerAndRole() throws Exception {
        Path file = recorded("recorded.gguf", 0.03f, 0.01f);
        try (GgufFile model = GgufFile.open(file)) {
            RecordedLosses losses = RecordedLosses.of(model);
            assertThat(losses.nats()).isTrue();
            assertThat(losses.byTensor().keySet()).containsExactly("blk.0.attn_q.weight", "blk.1.ffn_down.weight");
            assertThat(losses.sum()).isCloseTo(0.04, within(1e-8));
        }
        StringWriter out = new StringWriter();
        Report.write(results(List.of(file, DemoModels.quantized(Preset.Q2_K))), run(), out);
        assertThat(out.toString())
                .contains("Divergence by layer and role, as predicted", "predicted sum 0.04000 nats")
                .contains("blk.0.attn_q.weight: Q4_0, 0.030 nats, weights off by ")
                .containsPattern(">attn_q<.*>75\\.0\u00a0%<")
                .contains("Weight error by layer and role");
    }

    @Test
    void recordsThatDoNotFitTheFileAreIgnored() throws IOException {
        for (Path file : List.of(
                recorded("few.gguf", 0.03f), recorded("nan.gguf", 0.03f, Float.NaN), ours(), DemoModels.f16())) {
            try (GgufFile model = GgufFile.open(file)) {
                assertThat(RecordedLosses.of(model).byTensor()).isEmpty();
            }
        }
    }

    @Test
    void labelsCoverNeitherMarksNorOneAnother() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        List<double[]> marks = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        List<Labels.Box> taken = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            double x = 60 + random.nextDouble() * 300;
            double y = 20 + random.nextDouble() * 300;
            marks.add(new double[] {x, y});
            taken.add(new Labels.Box(x - 7, y - 7, x + 7, y + 7));
            texts.add("model-" + "x".repeat(random.nextInt(12)));
        }
        Labels.Box frame = new Labels.Box(40, 0, 720, 380);
        List<Labels.Place> places = new Labels(frame, taken, List.of())
                .place(marks, texts).stream().filter(java.util.Objects::nonNull).toList();
        assertThat(places).hasSizeGreaterThan(10);
        for (Labels.Place place : places) {
            assertThat(place.box().within(frame)).isTrue();
            assertThat(taken).noneMatch(place.box()::meets);
            assertThat(places)
                    .filteredOn(other -> other != place)
                    .noneMatch(other -> place.box().meets(other.box()));
        }
    }

    @Test
    void typesHaveColoursOfTheirOwn() {
        List<GgmlType> all = java.util.Arrays.stream(GgmlType.values())
                .filter(GgmlType::quantized)
                .toList();
        TypeColours colours = new TypeColours(List.of(GgmlType.values()));
        assertThat(all.stream().map(colours::of)).doesNotHaveDuplicates().allMatch(c -> c.matches("#[0-9a-f]{6}"));
        assertThat(colours.of(GgmlType.F32))
                .isEqualTo(colours.of(GgmlType.F16))
                .isNotIn(all.stream().map(colours::of).toList());
    }

    private static double error(ModelFacts model, String tensor) {
        return model.tensors().stream()
                .filter(t -> t.info().name().equals(tensor))
                .findFirst()
                .orElseThrow()
                .error()
                .orElseThrow();
    }

    @Test
    void jsonAndDumpHoldEveryFigureAndToken() throws IOException {
        List<Path> candidates = List.of(DemoModels.quantized(Preset.Q4_0), DemoModels.quantized(Preset.Q2_K));
        Results results = results(candidates);
        StringWriter json = new StringWriter();
        ResultsJson.write(results, run(), json);
        double mean = results.evaluation()
                .candidates()
                .getFirst()
                .figures()
                .divergence()
                .value();
        assertThat(json.toString())
                .contains("\"kld_mean\" : " + mean, "\"kld_99\" : null", "\"low_95\"", "\"acc_norm\" : 0.6");
        StringWriter tsv = new StringWriter();
        TokenDump.tsv(results.evaluation(), tsv);
        List<String> lines = tsv.toString().lines().toList();
        assertThat(lines).hasSize(1 + 2 * 2 * 63);
        double sum = 0;
        for (String line : lines.subList(1, 1 + 2 * 63)) {
            String[] fields = line.split("\t", -1);
            assertThat(fields).hasSize(9);
            sum += Double.parseDouble(fields[7]);
            assertThat(Integer.parseInt(fields[4]))
                    .isEqualTo(results.evaluation()
                            .chunks()
                            .tokens()[Integer.parseInt(fields[2])][Integer.parseInt(fields[3]) + 1]);
        }
        assertThat(sum / (2 * 63)).isCloseTo(mean, within(1e-12));
        StringWriter jsonLines = new StringWriter();
        TokenDump.jsonLines(results.evaluation(), jsonLines);
        assertThat(jsonLines.toString().lines())
                .hasSize(2 * 2 * 63)
                .allMatch(line -> line.startsWith("{\"model\":") && line.endsWith("}"));
    }
}
