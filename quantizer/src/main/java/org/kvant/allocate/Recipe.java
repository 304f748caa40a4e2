package org.kvant.allocate;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Preset;
import org.kvant.quantize.TensorTypeRule;
import org.kvant.round.RoundingOptions;

/**
 * How a model is quantized, as a file to keep and to repeat it from; {@link RecipeYaml} reads and writes it.
 *
 * @param preset a mixture of types, null if types are chosen by a budget or all by rules
 * @param budget that types are chosen by
 * @param candidates types to choose from
 * @param rules the first that fits a tensor's name fixes its type
 * @param rounding how weights are rounded under statistics
 * @param activations on which weights are rounded under statistics
 * @param statistics path of the statistics, null for none
 * @param imatrix path of an importance matrix, null for none
 */
public record Recipe(
        @Nullable Preset preset,
        Budget budget,
        List<GgmlType> candidates,
        List<TensorTypeRule> rules,
        RoundingOptions rounding,
        Activations activations,
        @Nullable String statistics,
        @Nullable String imatrix) {
    /** Nothing asked for. */
    public static final Recipe EMPTY = new Recipe(
            null, Budget.NONE, Candidates.DEFAULT, List.of(), RoundingOptions.DEFAULT, Activations.MODEL, null, null);

    public Recipe {
        candidates = List.copyOf(candidates);
        rules = List.copyOf(rules);
        if (preset != null && budget.given()) {
            throw new IllegalArgumentException("a preset and a budget exclude each other; name one");
        }
    }

    /** The same with other rules. */
    public Recipe withRules(List<TensorTypeRule> others) {
        return new Recipe(preset, budget, candidates, others, rounding, activations, statistics, imatrix);
    }

    /** The same with the files' names only: what a model that is given away should say. */
    Recipe withoutFolders() {
        return new Recipe(preset, budget, candidates, rules, rounding, activations, name(statistics), name(imatrix));
    }

    /** The same with paths that are valid wherever the recipe is written to. */
    public Recipe withAbsolutePaths() {
        return new Recipe(
                preset, budget, candidates, rules, rounding, activations, absolute(statistics), absolute(imatrix));
    }

    private static @Nullable String absolute(@Nullable String path) {
        return path == null ? null : Path.of(path).toAbsolutePath().normalize().toString();
    }

    private static @Nullable String name(@Nullable String path) {
        return path == null ? null : String.valueOf(Path.of(path).getFileName());
    }
}
