package org.kvant.evaluate;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What came of an evaluation.
 *
 * @param options what was asked for
 * @param chunks the tokens it was done on
 * @param vocabulary tokens of the vocabulary
 * @param candidates one result for each candidate, in the order asked for
 * @param nanos how long it took
 */
public record Evaluation(
        EvaluateOptions options, TokenChunks chunks, int vocabulary, List<Candidate> candidates, long nanos) {

    public Evaluation {
        candidates = List.copyOf(candidates);
    }

    /**
     * One candidate.
     *
     * @param file its file
     * @param scores of every token
     * @param figures over all texts
     * @param byText figures of each text, if there is more than one
     */
    public record Candidate(Path file, TokenScores scores, Figures figures, Map<Path, Figures> byText) {}

    /** Two candidates on the same tokens. */
    public PairedComparison paired(Path a, Path b, long seed) {
        return PairedComparison.of(scores(a), scores(b), seed);
    }

    private TokenScores scores(Path file) {
        return candidates.stream()
                .filter(candidate -> candidate.file().equals(file))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(file + " was not evaluated"))
                .scores();
    }
}
