package org.kvant.report;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.evaluate.ChoiceScore;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Figures;

/** The tables of figures, in the order of the files given. */
final class FigureTable {
    private static final String END = "</tbody></table></div>";

    private final Results results;

    FigureTable(Results results) {
        this.results = results;
    }

    /** How far the distributions are apart. */
    String divergences(List<ModelFacts> models) {
        StringBuilder html = head("mean KLD<br><small>nats</small>", "size", "bits a weight", "median", "99 %");
        html.append(tail() ? "<th>99.9 %</th>" : "").append("<th>largest</th></tr></thead><tbody>");
        for (ModelFacts model : models) {
            Figures figures = candidate(model).figures();
            name(html, model.name(), model.maker().label());
            cell(html, Html.estimate(figures.divergence(), 1));
            cell(html, Html.bytes(model.bytes()));
            cell(html, Html.format("%.2f", model.bitsPerWeight()));
            cell(html, Html.number(figures.medianDivergence()));
            cell(html, optional(figures.divergence99()));
            if (tail()) {
                cell(html, optional(figures.divergence999()));
            }
            cell(html, Html.number(figures.maxDivergence()));
            html.append("</tr>");
        }
        return html.append(END).toString();
    }

    /** What became of the most probable token, of the one that follows, and of answers. */
    String tokens(List<ModelFacts> models) {
        StringBuilder html =
                head("same top token<br><small>%</small>", "RMS Δp<br><small>%</small>", "perplexity", "ln PPL ratio");
        html.append(
                results.choices().isEmpty()
                        ? ""
                        : "<th>accuracy<br><small>%</small></th><th>acc_norm<br><small>%</small></th>");
        html.append("</tr></thead><tbody>");
        for (ModelFacts model : models) {
            Figures figures = candidate(model).figures();
            name(html, model.name(), "");
            cell(html, Html.estimate(figures.sameTop(), 100));
            cell(html, Html.estimate(figures.rmsDeltaP(), 100));
            cell(html, Html.estimate(figures.perplexity(), 1));
            cell(html, Html.estimate(figures.logRatio(), 1));
            choice(html, results.choices().get(model.file()));
            html.append("</tr>");
        }
        Path reference = results.evaluation().options().reference();
        Figures any = results.evaluation().candidates().getFirst().figures();
        name(html, String.valueOf(reference.getFileName()).replaceFirst("\\.gguf$", ""), "reference");
        html.append("<td></td><td></td>");
        cell(html, Html.estimate(any.referencePerplexity(), 1));
        html.append("<td></td>");
        choice(html, results.choices().get(reference));
        return html.append("</tr>").append(END).toString();
    }

    private static StringBuilder head(String... columns) {
        StringBuilder html = new StringBuilder("<div class=\"wide\"><table><thead><tr><th>model</th>");
        for (String column : columns) {
            html.append("<th>").append(column).append("</th>");
        }
        return html;
    }

    private static void name(StringBuilder html, String name, String note) {
        html.append("<tr><th>").append(Html.escape(name));
        html.append(note.isEmpty() ? "" : "<small class=\"made\">" + note + "</small>")
                .append("</th>");
    }

    /** Whether there are tokens enough for the 99.9th percentile. */
    private boolean tail() {
        return results.evaluation().candidates().getFirst().figures().divergence999() != null;
    }

    /** Mean KLD and agreement of each text: one column a text. */
    String byText(List<ModelFacts> models) {
        StringBuilder html = head();
        for (Path text : results.evaluation().chunks().texts()) {
            html.append("<th>")
                    .append(Html.escape(String.valueOf(text.getFileName())))
                    .append("<br><small>mean KLD, nats</small></th><th>same top<br><small>%</small></th>")
                    .append("<th>perplexity</th>");
        }
        html.append("</tr></thead><tbody>");
        for (ModelFacts model : models) {
            name(html, model.name(), "");
            for (Figures figures : candidate(model).byText().values()) {
                cell(html, Html.estimate(figures.divergence(), 1));
                cell(html, Html.estimate(figures.sameTop(), 100));
                cell(html, Html.estimate(figures.perplexity(), 1));
            }
            html.append("</tr>");
        }
        return html.append(END).toString();
    }

    private Evaluation.Candidate candidate(ModelFacts model) {
        return results.evaluation().candidates().stream()
                .filter(c -> c.file().equals(model.file()))
                .findFirst()
                .orElseThrow();
    }

    private static void choice(StringBuilder html, @Nullable ChoiceScore score) {
        if (score != null) {
            cell(html, Html.estimate(score.accuracy(), 100));
            cell(html, Html.estimate(score.normalized(), 100));
        }
    }

    private static String optional(@Nullable Double value) {
        return value == null ? "<span class=\"pm\" title=\"too few tokens\">–</span>" : Html.number(value);
    }

    private static void cell(StringBuilder html, String content) {
        html.append("<td>").append(content).append("</td>");
    }
}
