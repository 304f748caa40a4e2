package org.kvant.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Figures;
import org.kvant.evaluate.PairedComparison;
import org.kvant.gguf.GgmlType;

/** The page. It opens every file to read its tensors, so it may take a while for large ones. */
public final class Report {
    private final Results results;
    private final RunInfo run;
    private final List<ModelFacts> models;
    private final StringBuilder page = new StringBuilder();

    private Report(Results results, RunInfo run, List<ModelFacts> models) {
        this.results = results;
        this.run = run;
        this.models = models;
    }

    /** Writes the page in UTF-8 characters. {@code Backend} must be loaded. */
    public static void write(Results results, RunInfo run, Writer out) throws IOException {
        List<ModelFacts> models = new ArrayList<>();
        try (WeightErrors errors =
                WeightErrors.against(results.evaluation().options().reference())) {
            for (Evaluation.Candidate candidate : results.evaluation().candidates()) {
                models.add(ModelFacts.of(candidate.file(), errors));
            }
        }
        models.sort(Comparator.comparingLong(ModelFacts::bytes));
        Report report = new Report(results, run, models);
        report.build();
        out.append(report.page);
    }

    private void build() throws IOException {
        String title = "Quality of " + models.getFirst().name() + (models.size() > 1 ? " and others" : "");
        page.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                        + "<meta name=\"color-scheme\" content=\"light dark\"><title>")
                .append(Html.escape(title))
                .append("</title><style>")
                .append(css())
                .append("</style></head><body><main>");
        head();
        plot();
        FigureTable table = new FigureTable(results);
        section("All figures", table.divergences(models) + table.tokens(models), legendOfFigures());
        if (results.evaluation().chunks().texts().size() > 1) {
            section("By text", table.byText(models), "");
        }
        pair();
        allocation();
        errors();
        making();
        run();
        page.append("</main></body></html>\n");
    }

    private static String css() throws IOException {
        try (InputStream css = Objects.requireNonNull(Report.class.getResourceAsStream("report.css"))) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void head() {
        Evaluation evaluation = results.evaluation();
        Evaluation.Candidate best = evaluation.candidates().stream()
                .min(Comparator.comparingDouble(c -> c.figures().divergence().value()))
                .orElseThrow();
        Figures figures = best.figures();
        page.append("<header><h1>Distance to the reference</h1><p class=\"lead\">")
                .append(Html.format(
                        "%s on %s, %,d tokens scored of %d chunks of %d.</p></header>",
                        models.size() == 1 ? "One model" : models.size() + " models",
                        Html.escape(names(evaluation.chunks().texts())),
                        figures.tokens(),
                        figures.chunks(),
                        evaluation.chunks().size()));
        page.append("<section class=\"cards\">");
        String closest = Html.escape(nameOf(best.file()));
        card(
                models.size() == 1 ? "mean KLD" : "smallest mean KLD",
                Html.estimate(figures.divergence(), 1),
                "nats, " + closest);
        card("same top token", Html.estimate(figures.sameTop(), 100) + "\u00a0%", closest);
        card(
                "perplexity",
                Html.estimate(figures.perplexity(), 1),
                closest + ", reference "
                        + Html.format("%.2f", figures.referencePerplexity().value()));
        ModelFacts smallest = models.getFirst();
        card(
                models.size() == 1 ? "file" : "smallest file",
                Html.bytes(smallest.bytes()),
                Html.format("%.2f bits a weight, %s", smallest.bitsPerWeight(), Html.escape(smallest.name())));
        page.append("</section>");
    }

    private static String names(List<Path> files) {
        return files.stream().map(file -> String.valueOf(file.getFileName())).collect(Collectors.joining(", "));
    }

    private void card(String what, String value, String note) {
        page.append("<div class=\"card\"><span>")
                .append(what)
                .append("</span><b>")
                .append(value)
                .append("</b><small>")
                .append(note)
                .append("</small></div>");
    }

    private void plot() {
        List<ScatterPlot.Point> points = models.stream()
                .map(model -> new ScatterPlot.Point(
                        model.name(),
                        model.maker(),
                        model.bytes(),
                        figures(model).divergence()))
                .toList();
        ScatterPlot plot = new ScatterPlot(points, 720, 440);
        if (plot.empty()) {
            return;
        }
        StringBuilder legend = new StringBuilder("<ul class=\"legend\">");
        models.stream()
                .map(ModelFacts::maker)
                .distinct()
                .sorted()
                .forEach(maker -> legend.append(Html.format(
                        "<li><svg class=\"key\" viewBox=\"0 0 16 16\"><g class=\"mark %s\">%s</g></svg>%s</li>",
                        maker.cssClass(), maker.shape(8, 8), maker.label())));
        long left =
                points.stream().filter(point -> point.divergence().value() == 0).count();
        section(
                "Quality for bytes",
                plot.svg() + new ScatterPlot(points, 370, 420).svg() + legend.append("</ul>"),
                "Lower and farther left is better. Bars are 95 % intervals over tokens; lines join those of one kind that no"
                        + " smaller file of that kind beats. Files without room for their name have it as a tooltip, and"
                        + " in the table."
                        + (left > 0 ? " Not drawn: " + left + " with a divergence of zero." : ""));
    }

    private Figures figures(ModelFacts model) {
        return results.evaluation().candidates().stream()
                .filter(candidate -> candidate.file().equals(model.file()))
                .findFirst()
                .orElseThrow()
                .figures();
    }

    private static String legendOfFigures() {
        return "± is one standard error, tokens held to be independent. KLD: Kullback–Leibler divergence of the model's"
                + " next-token distribution from the reference's. Same top token: how often both hold the same token for the"
                + " most probable. Δp: change of the probability of the token that follows. –: too few tokens for that"
                + " percentile.";
    }

    private void pair() {
        Results.Pair pair = results.pair();
        if (pair == null) {
            return;
        }
        PairedComparison c = pair.comparison();
        String a = Html.escape(nameOf(pair.a()));
        String b = Html.escape(nameOf(pair.b()));
        String verdict = !c.significant()
                ? "these tokens do not tell them apart"
                : "<b>" + (c.difference() < 0 ? a : b) + "</b> is closer to the reference";
        section(
                a + " against " + b,
                Html.format(
                        "<p>KLD differs by <b>%+.5f</b> nats, 95 %% interval %+.5f to %+.5f: %s. %s is closer on %.1f\u00a0%% of"
                                + " tokens, %s on %.1f\u00a0%%.</p>",
                        c.difference(), c.low(), c.high(), verdict, a, 100 * c.betterShare(), b, 100 * c.worseShare()),
                Html.format(
                        "Same tokens, bootstrap over %d chunks, %,d draws, seed %d.",
                        c.chunks(), c.resamples(), c.seed()));
    }

    private static String nameOf(Path file) {
        return String.valueOf(file.getFileName()).replaceFirst("\\.gguf$", "");
    }

    private void allocation() {
        Set<GgmlType> types = models.stream()
                .flatMap(model -> model.tensors().stream())
                .map(tensor -> tensor.info().type())
                .collect(Collectors.toSet());
        AllocationStrip strip = new AllocationStrip(new TypeColours(types));
        StringBuilder html = new StringBuilder();
        for (ModelFacts model : models) {
            html.append("<h3>")
                    .append(Html.escape(model.name()))
                    .append(Html.format(
                            " <span class=\"pm\">%s, %.2f bits a weight</span></h3>",
                            Html.bytes(model.bytes()), model.bitsPerWeight()))
                    .append(strip.html(model))
                    .append(strip.legend(model));
        }
        section(
                "Where the bytes go",
                html.toString(),
                "Tensors in the order of layers, each as wide as its share of the file; thin lines and numbers begin a layer. The hue"
                        + " is the number of bits, from dark, few, to light, many; grey is not quantized.");
    }

    private void errors() {
        ErrorMap map = new ErrorMap(models);
        for (ErrorMap.Kind kind : map.kinds()) {
            StringBuilder html = new StringBuilder(map.scale(kind)).append("<div class=\"maps\">");
            for (ModelFacts model : models) {
                if (ErrorMap.kind(model) == kind) {
                    html.append("<div><h3>").append(Html.escape(model.name())).append("</h3>");
                    html.append(map.svg(model, kind)).append(predicted(model)).append("</div>");
                }
            }
            html.append("</div>");
            switch (kind) {
                case DIVERGENCE ->
                    section(
                            "Divergence by layer and role, as predicted",
                            html.toString(),
                            "What each tensor's type was expected to cost when it was chosen, from statistics of the"
                                    + " calibration: nats of KL divergence a token, recorded in the file. Logarithmic"
                                    + " colours; share: of the file's sum.");
                case WEIGHTED ->
                    section(
                            "Weighted error by layer and role, as predicted",
                            html.toString(),
                            "Squared errors of the weights, weighted by an importance matrix, expected when types were"
                                    + " chosen and recorded in the file. Logarithmic colours; share: of the file's sum.");
                case WEIGHTS ->
                    section(
                            "Weight error by layer and role",
                            html.toString(),
                            Html.format(
                                    "Root mean square change of the weights relative to their own, on up to %,d weights of"
                                            + " a tensor; logarithmic colours. It says what rounding did to the weights,"
                                            + " not what that does to the output: calibrated rounding moves weights"
                                            + " farther, and the output less.",
                                    WeightErrors.SAMPLE));
            }
        }
    }

    private String predicted(ModelFacts model) {
        return !model.losses().nats()
                ? ""
                : Html.format(
                        "<p class=\"pm\">predicted sum %s nats, measured %s</p>",
                        Html.number(model.losses().sum()),
                        Html.estimate(figures(model).divergence(), 1));
    }

    private void making() {
        StringBuilder html = new StringBuilder();
        for (ModelFacts model : models) {
            html.append("<details")
                    .append(models.size() == 1 ? " open" : "")
                    .append("><summary>")
                    .append(Html.escape(model.name()))
                    .append(" <span class=\"pm\">")
                    .append(model.maker().label())
                    .append("</span></summary><dl>");
            note(html, "file", model.file().toString());
            note(html, "bytes", Html.format("%,d", model.bytes()));
            for (Map.Entry<String, String> note : model.notes().entrySet()) {
                note(html, note.getKey(), note.getValue());
            }
            html.append("</dl></details>");
        }
        section("How they were made", html.toString(), "What the files' metadata say.");
    }

    private static void note(StringBuilder html, String key, String value) {
        boolean block = value.indexOf('\n') >= 0;
        html.append("<dt>").append(Html.escape(key)).append(block ? "</dt><dd><pre>" : "</dt><dd>");
        html.append(Html.escape(value)).append(block ? "</pre></dd>" : "</dd>");
    }

    private void run() {
        Evaluation evaluation = results.evaluation();
        StringBuilder html = new StringBuilder("<dl>");
        note(html, "command", run.command());
        note(html, "reference", evaluation.options().reference().toString());
        note(
                html,
                "text",
                evaluation.chunks().texts().stream().map(Path::toString).collect(Collectors.joining(", ")));
        note(
                html,
                "tokens",
                Html.format(
                        "%d chunks of %d, the second half of each scored; vocabulary of %,d",
                        evaluation.chunks().count(), evaluation.chunks().size(), evaluation.vocabulary()));
        note(html, "KV cache", evaluation.options().kv() + " (reference f16/f16)");
        note(html, "machine", run.machine());
        note(html, "threads", Integer.toString(evaluation.options().threads()));
        note(html, "library", run.library());
        note(html, "features", run.features());
        note(html, "took", Html.format("%.0f s, until %s", evaluation.nanos() / 1e9, run.when()));
        section("This evaluation", html.append("</dl>").toString(), "");
    }

    private void section(String heading, String body, String note) {
        page.append("<section><h2>").append(heading).append("</h2>").append(body);
        if (!note.isEmpty()) {
            page.append("<p class=\"note\">").append(note).append("</p>");
        }
        page.append("</section>");
    }
}
