package org.kvant.allocate;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.quantize.TensorTypeRule;
import org.kvant.round.RoundingOptions;

/**
 * By what types are chosen.
 *
 * @param budget that the model has to keep to
 * @param candidates types to choose from
 * @param rules the first that fits a tensor's name fixes its type
 * @param rounding how weights are rounded
 * @param texts to measure the divergence on; if empty, the chunks that the calibration held out
 * @param chunks the most chunks of each of the texts
 * @param probes whether predicted losses are corrected by a few real divergences first ({@code DivergenceFactors})
 * @param version of the program, for the file
 */
public record AllocateRequest(
        Budget budget,
        List<GgmlType> candidates,
        List<TensorTypeRule> rules,
        RoundingOptions rounding,
        List<Path> texts,
        int chunks,
        boolean probes,
        @Nullable String version) {
    public AllocateRequest {
        candidates = List.copyOf(candidates);
        rules = List.copyOf(rules);
        texts = List.copyOf(texts);
    }
}
