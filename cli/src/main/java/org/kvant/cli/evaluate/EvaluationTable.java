package org.kvant.cli.evaluate;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Table;
import org.kvant.cli.terminal.Terminal;
import org.kvant.evaluate.Estimate;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Figures;
import org.kvant.evaluate.PairedComparison;
import org.kvant.report.Results;

/** An evaluation's figures on a terminal. */
final class EvaluationTable {
    private final Results results;
    private final Evaluation evaluation;
    private final Terminal terminal;
    private final String plusMinus;

    EvaluationTable(Results results, Terminal terminal) {
        this.results = results;
        this.evaluation = results.evaluation();
        this.terminal = terminal;
        this.plusMinus = terminal.unicode() ? " \u00B1 " : " +- ";
    }

    void print(PrintWriter out) {
        Figures first = evaluation.candidates().getFirst().figures();
        out.printf(
                Locale.ROOT,
                "%,d tokens scored, of %d chunks of %d; reference %s: perplexity %s%n%n",
                first.tokens(),
                first.chunks(),
                evaluation.chunks().size(),
                evaluation.options().reference(),
                estimate(first.referencePerplexity(), 4));
        Table divergence =
                new Table(terminal, "KL divergence (nats)", ">mean", ">median", ">99 %", ">99.9 %", ">largest");
        Table tokens = new Table(
                terminal,
                "next token",
                ">perplexity",
                ">ln ratio",
                ">same top",
                ">RMS \u0394p".replace("\u0394", terminal.unicode() ? "\u0394" : "d"));
        for (Evaluation.Candidate candidate : evaluation.candidates()) {
            rows(divergence, tokens, name(candidate.file()), candidate.figures());
            for (Map.Entry<Path, Figures> text : candidate.byText().entrySet()) {
                rows(divergence, tokens, "  on " + text.getKey().getFileName(), text.getValue());
            }
        }
        divergence.print(out);
        out.println();
        tokens.print(out);
        choices(out);
        Results.Pair pair = results.pair();
        if (pair != null) {
            paired(out, pair.a(), pair.b(), pair.comparison());
        }
    }

    private void choices(PrintWriter out) {
        if (results.choices().isEmpty()) {
            return;
        }
        out.println();
        Table table = new Table(terminal, "multiple choice", ">questions", ">accuracy", ">acc_norm");
        results.choices()
                .forEach((file, score) -> table.row(
                        name(file),
                        String.format(Locale.ROOT, "%,d", score.tasks()),
                        percent(score.accuracy()),
                        percent(score.normalized())));
        table.print(out);
    }

    /** Every name ends in it, and the columns are narrow. */
    static String name(Path file) {
        return String.valueOf(file.getFileName()).replaceFirst("\\.gguf$", "");
    }

    private void rows(Table divergence, Table tokens, String name, Figures figures) {
        divergence.row(
                name,
                estimate(figures.divergence(), 6),
                number(figures.medianDivergence(), 6),
                optional(figures.divergence99()),
                optional(figures.divergence999()),
                number(figures.maxDivergence(), 4));
        tokens.row(
                name,
                estimate(figures.perplexity(), 2),
                estimate(figures.logRatio(), 4),
                percent(figures.sameTop()),
                String.format(Locale.ROOT, "%.2f %%", 100 * figures.rmsDeltaP().value()));
    }

    private static void paired(PrintWriter out, Path a, Path b, PairedComparison pair) {
        out.printf(
                Locale.ROOT,
                "%n%s against %s: KLD differs by %+.6f nats, 95 %% interval %+.6f to %+.6f%n"
                        + "(bootstrap over %d chunks, %,d draws, seed %d); closer on %.1f %% of tokens, farther on %.1f %%.%n",
                name(a),
                name(b),
                pair.difference(),
                pair.low(),
                pair.high(),
                pair.chunks(),
                pair.resamples(),
                pair.seed(),
                100 * pair.betterShare(),
                100 * pair.worseShare());
        out.println(
                !pair.significant()
                        ? "The interval holds zero: these tokens do not tell them apart."
                        : name(pair.difference() < 0 ? a : b) + " is closer to the reference.");
    }

    private String estimate(Estimate estimate, int digits) {
        return number(estimate.value(), digits) + plusMinus + number(estimate.error(), digits);
    }

    private String percent(Estimate share) {
        return String.format(Locale.ROOT, "%.2f%s%.2f %%", 100 * share.value(), plusMinus, 100 * share.error());
    }

    private static String number(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    private static String optional(@Nullable Double value) {
        return value == null ? "-" : number(value, 4);
    }
}
