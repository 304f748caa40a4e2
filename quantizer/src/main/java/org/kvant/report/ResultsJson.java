package org.kvant.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.evaluate.ChoiceScore;
import org.kvant.evaluate.Estimate;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Figures;
import org.kvant.evaluate.PairedComparison;
import org.kvant.gguf.GgufFile;

/** All figures as one JSON object. Divergences are in nats, shares and probabilities 0 to 1, sizes in bytes. */
public final class ResultsJson {
    private final JsonGenerator json;

    private ResultsJson(JsonGenerator json) {
        this.json = json;
    }

    public static void write(Results results, RunInfo run, Writer out) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .build();
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            new ResultsJson(json).write(results, run);
        }
        out.write('\n');
    }

    private void write(Results results, RunInfo run) throws IOException {
        Evaluation evaluation = results.evaluation();
        json.writeStartObject();
        json.writeStringField("reference", evaluation.options().reference().toString());
        json.writeArrayFieldStart("texts");
        for (Path text : evaluation.chunks().texts()) {
            json.writeString(text.toString());
        }
        json.writeEndArray();
        json.writeNumberField("chunks", evaluation.chunks().count());
        json.writeNumberField("chunk_size", evaluation.chunks().size());
        json.writeNumberField("vocabulary", evaluation.vocabulary());
        json.writeStringField("kv", evaluation.options().kv().toString());
        json.writeNumberField("threads", evaluation.options().threads());
        json.writeNumberField("seconds", evaluation.nanos() / 1e9);
        json.writeStringField("command", run.command());
        json.writeStringField("machine", run.machine());
        json.writeStringField("library", run.library());
        json.writeArrayFieldStart("candidates");
        for (Evaluation.Candidate candidate : evaluation.candidates()) {
            candidate(candidate, results.choices().get(candidate.file()));
        }
        json.writeEndArray();
        Results.Pair pair = results.pair();
        if (pair != null) {
            pair(pair);
        }
        ChoiceScore choices = results.choices().get(evaluation.options().reference());
        if (choices != null) {
            json.writeObjectFieldStart("reference_multiple_choice");
            choice(choices);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void candidate(Evaluation.Candidate candidate, @Nullable ChoiceScore choices) throws IOException {
        json.writeStartObject();
        json.writeStringField("file", candidate.file().toString());
        try (GgufFile file = GgufFile.open(candidate.file())) {
            json.writeNumberField("size_bytes", file.sizeBytes());
        }
        figures(candidate.figures());
        if (!candidate.byText().isEmpty()) {
            json.writeObjectFieldStart("by_text");
            for (Map.Entry<Path, Figures> text : candidate.byText().entrySet()) {
                json.writeObjectFieldStart(text.getKey().toString());
                figures(text.getValue());
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        if (choices != null) {
            json.writeObjectFieldStart("multiple_choice");
            choice(choices);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void figures(Figures figures) throws IOException {
        json.writeNumberField("tokens", figures.tokens());
        estimate("perplexity", figures.perplexity());
        estimate("reference_perplexity", figures.referencePerplexity());
        estimate("ln_perplexity_ratio", figures.logRatio());
        estimate("kld_mean", figures.divergence());
        json.writeNumberField(
                "kld_mean_error_by_chunks", figures.divergenceByChunks().error());
        json.writeNumberField("kld_median", figures.medianDivergence());
        optional("kld_99", figures.divergence99());
        optional("kld_99_9", figures.divergence999());
        json.writeNumberField("kld_max", figures.maxDivergence());
        estimate("same_top", figures.sameTop());
        estimate("delta_p_mean", figures.deltaP());
        estimate("delta_p_rms", figures.rmsDeltaP());
    }

    private void estimate(String name, Estimate estimate) throws IOException {
        json.writeNumberField(name, estimate.value());
        json.writeNumberField(name + "_error", estimate.error());
    }

    private void optional(String name, @Nullable Double value) throws IOException {
        if (value == null) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, value);
        }
    }

    private void pair(Results.Pair pair) throws IOException {
        PairedComparison c = pair.comparison();
        json.writeObjectFieldStart("paired");
        json.writeStringField("a", pair.a().toString());
        json.writeStringField("b", pair.b().toString());
        json.writeNumberField("kld_difference", c.difference());
        json.writeNumberField("low_95", c.low());
        json.writeNumberField("high_95", c.high());
        json.writeNumberField("better_share", c.betterShare());
        json.writeNumberField("worse_share", c.worseShare());
        json.writeNumberField("chunks", c.chunks());
        json.writeNumberField("resamples", c.resamples());
        json.writeNumberField("seed", c.seed());
        json.writeEndObject();
    }

    private void choice(ChoiceScore score) throws IOException {
        json.writeNumberField("tasks", score.tasks());
        estimate("accuracy", score.accuracy());
        estimate("acc_norm", score.normalized());
    }
}
