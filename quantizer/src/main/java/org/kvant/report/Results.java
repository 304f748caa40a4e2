package org.kvant.report;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.evaluate.ChoiceScore;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.PairedComparison;

/**
 * All that was found out.
 *
 * @param evaluation the figures
 * @param pair which two models were compared, or null
 * @param choices multiple choice of reference and candidates; empty if not asked for
 */
public record Results(Evaluation evaluation, @Nullable Pair pair, Map<Path, ChoiceScore> choices) {

    /** A comparison and whom it is of. */
    public record Pair(Path a, Path b, PairedComparison comparison) {}
}
