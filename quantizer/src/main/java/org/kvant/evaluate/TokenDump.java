package org.kvant.evaluate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import java.io.IOException;
import java.io.Writer;

/**
 * Every scored token of every candidate, one a line: model, text, chunk and position (from 0) of the logits, the token that follows, natural
 * logarithms of its probability with reference and candidate, KLD in nats, whether the most probable tokens agree.
 */
public final class TokenDump {
    private TokenDump() {}

    /** Tab-separated values with a line of headings. */
    public static void tsv(Evaluation evaluation, Writer out) throws IOException {
        out.write("model\ttext\tchunk\tposition\ttoken\treference_log_prob\tlog_prob\tkld\tsame_top\n");
        forEach(evaluation, (candidate, chunk, position, token, i) -> {
            TokenScores scores = candidate.scores();
            out.write(field(candidate.file().toString()));
            out.write('\t');
            out.write(field(text(evaluation, chunk)));
            out.write("\t" + chunk + '\t' + position + '\t' + token + '\t' + scores.referenceLogProbs()[i] + '\t'
                    + scores.logProbs()[i] + '\t' + scores.divergences()[i] + '\t'
                    + (scores.sameTop()[i] ? 1 : 0) + '\n');
        });
    }

    /** One JSON object a line, with the fields of {@link #tsv}. */
    public static void jsonLines(Evaluation evaluation, Writer out) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .build();
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.setPrettyPrinter(new MinimalPrettyPrinter("\n"));
            forEach(evaluation, (candidate, chunk, position, token, i) -> {
                TokenScores scores = candidate.scores();
                json.writeStartObject();
                json.writeStringField("model", candidate.file().toString());
                json.writeStringField("text", text(evaluation, chunk));
                json.writeNumberField("chunk", chunk);
                json.writeNumberField("position", position);
                json.writeNumberField("token", token);
                json.writeNumberField("reference_log_prob", scores.referenceLogProbs()[i]);
                json.writeNumberField("log_prob", scores.logProbs()[i]);
                json.writeNumberField("kld", scores.divergences()[i]);
                json.writeBooleanField("same_top", scores.sameTop()[i]);
                json.writeEndObject();
            });
        }
        out.write('\n');
    }

    @FunctionalInterface
    private interface Line {
        void write(Evaluation.Candidate candidate, int chunk, int position, int token, int index) throws IOException;
    }

    private static void forEach(Evaluation evaluation, Line line) throws IOException {
        TokenChunks chunks = evaluation.chunks();
        for (Evaluation.Candidate candidate : evaluation.candidates()) {
            for (int i = 0; i < candidate.scores().count(); i++) {
                int chunk = i / chunks.scoredPerChunk();
                int index = i % chunks.scoredPerChunk();
                line.write(candidate, chunk, chunks.firstScored() + index, chunks.target(chunk, index), i);
            }
        }
    }

    private static String text(Evaluation evaluation, int chunk) {
        return evaluation
                .chunks()
                .texts()
                .get(evaluation.chunks().textOf()[chunk])
                .toString();
    }

    private static String field(String text) {
        return text.replace('\t', ' ').replace('\n', ' ');
    }
}
