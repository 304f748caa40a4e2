package org.kvant.cli.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.allocate.Budget;
import org.kvant.allocate.Recipe;
import org.kvant.allocate.RecipeYaml;
import org.kvant.evaluate.EvaluateException;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.OutputFile;
import org.kvant.model.ByteSize;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Preset;
import org.kvant.quantize.TensorTypeRule;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The options of {@code kvant quantize} that choose types by what they cost. What is given on the command line goes before the recipe. */
final class AllocateArguments {
    private static final int CHUNKS = 16;

    @Option(
            names = "--stats",
            paramLabel = "FILE",
            description =
                    "Statistics to round with and to choose types by. The best come from kvant calibrate --gradient; "
                            + "for other architectures take those of --full, diagonals, or llama-imatrix's GGUF file.")
    private @Nullable Path statistics;

    @Option(
            names = "--activations",
            paramLabel = "KIND",
            description =
                    "With --stats: round each matrix on the original activations (MODEL, the default), on those of "
                            + "the quantized layers before it (QUANTIZED), or also compensate for their errors (CORRECTED).")
    private @Nullable Activations activations;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            converter = SizeConverter.class,
            description = "Choose the best types for a file of at most this size, such as 60MiB, 1.5GB or 91727136.")
    private @Nullable Long size;

    @Option(
            names = "--bpw",
            paramLabel = "BITS",
            description = "Choose the best types for at most this many bits per weight, averaged over all weights.")
    private @Nullable Double bits;

    @Option(
            names = "--max-kld",
            paramLabel = "NATS",
            description =
                    "Choose types for the smallest file within this KL divergence per token, measured on text that "
                            + "kvant calibrate --gradient held out, or on --text.")
    private @Nullable Double divergence;

    @Option(
            names = "--min-speed",
            paramLabel = "SHARE",
            description = "Keep at least this share of the fastest choice's decoding speed (0 to 1), by kernel speeds "
                    + "measured on this machine.")
    private @Nullable Double speed;

    @Option(
            names = "--types",
            split = ",",
            paramLabel = "TYPE",
            converter = QuantizeCommand.TypeConverter.class,
            description = "Types to choose from, such as q4_k,q6_k,iq3_s.")
    private List<GgmlType> types = List.of();

    @Option(
            names = "--text",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text to measure the divergence on. With any budget, the result is then measured.")
    private List<Path> texts = List.of();

    @Option(names = "--chunks", paramLabel = "N", description = "Most chunks of each --text (default: " + CHUNKS + ").")
    private @Nullable Integer chunks;

    @Option(
            names = "--no-probes",
            description =
                    "Skip measuring groups of tensors first. Faster, but predictions are too low and the choice is "
                            + "slightly worse.")
    private boolean noProbes;

    @Option(names = "--recipe", paramLabel = "FILE", description = "Take what is not given here from this YAML file.")
    private @Nullable Path recipe;

    @Option(
            names = "--write-recipe",
            paramLabel = "FILE",
            description = "Write what was chosen as a recipe, tensor by tensor.")
    private @Nullable Path writtenRecipe;

    List<Path> texts() {
        return texts;
    }

    int chunks() {
        return chunks == null ? CHUNKS : chunks;
    }

    boolean probes() {
        return !noProbes;
    }

    /**
     * Opens the file for the recipe before the work, so that what prevents it is said at once; null if none is asked for.
     *
     * @param inputs files that it must not replace, the model's output among them
     */
    @Nullable
    OutputFile openRecipe(Collection<Path> inputs) throws IOException {
        if (writtenRecipe == null) {
            return null;
        }
        for (Path input : inputs) {
            if (writtenRecipe
                    .toAbsolutePath()
                    .normalize()
                    .equals(input.toAbsolutePath().normalize())) {
                throw new EvaluateException(writtenRecipe
                        + ": the recipe would replace a file of this very work; name another with" + " --write-recipe");
            }
        }
        return OutputFile.create(writtenRecipe, inputs);
    }

    boolean writesRecipe() {
        return writtenRecipe != null;
    }

    /** The recipe that was read, or none. */
    List<Path> recipeFile() {
        return recipe == null ? List.of() : List.of(recipe);
    }

    /** All that the command line and the recipe file ask for. */
    Recipe recipe(CommandLine command, @Nullable Preset preset, @Nullable Path imatrix, List<TensorTypeRule> rules)
            throws IOException {
        Recipe file = recipe == null ? Recipe.EMPTY : RecipeYaml.read(recipe);
        boolean named = preset != null || size != null || bits != null || divergence != null || speed != null;
        boolean limited = size != null || bits != null || divergence != null;
        Budget budget = file.budget();
        Recipe merged;
        try {
            if (limited || speed != null || preset != null) {
                budget = new Budget(
                        limited || preset != null ? size : budget.bytes(),
                        limited || preset != null ? bits : budget.bitsPerWeight(),
                        limited || preset != null ? divergence : budget.divergence(),
                        speed != null || preset != null ? speed : budget.speed());
            }
            List<TensorTypeRule> all = new ArrayList<>(rules);
            all.addAll(file.rules());
            merged = new Recipe(
                    named ? preset : file.preset(),
                    budget,
                    types.isEmpty() ? file.candidates() : types,
                    all,
                    file.rounding(),
                    activations == null ? file.activations() : activations,
                    statistics == null ? file.statistics() : statistics.toString(),
                    imatrix == null ? file.imatrix() : imatrix.toString());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, e.getMessage());
        }
        if (merged.preset() == null
                && !merged.budget().given()
                && merged.rules().isEmpty()) {
            throw new ParameterException(
                    command,
                    "Missing required option: '--type=<PRESET>', or one of --size, --bpw, --max-kld, --min-speed and"
                            + " --recipe");
        }
        check(command, merged);
        return merged;
    }

    /** What would have no effect is refused: whoever gave it expects one. */
    private void check(CommandLine command, Recipe merged) {
        if (merged.activations() != Activations.MODEL && merged.statistics() == null) {
            throw new ParameterException(
                    command,
                    "--activations " + merged.activations() + (activations == null ? " of the recipe" : "")
                            + " needs --stats: it is their text that runs through the layers");
        }
        if (chunks != null && chunks < 0) {
            throw new ParameterException(command, "--chunks can't be negative");
        }
        if (chunks != null && texts.isEmpty()) {
            throw new ParameterException(command, "--chunks counts chunks of --text; name one");
        }
        for (Path text : texts) {
            if (!Files.exists(text)) {
                throw new ParameterException(command, "--text " + text + ": no such file");
            }
        }
        if (merged.preset() == null) {
            return;
        }
        if (!types.isEmpty()) {
            throw new ParameterException(
                    command,
                    "--types are to choose from with --size, --bpw, --max-kld or --min-speed; the preset "
                            + merged.preset() + " has types of its own");
        }
        if (noProbes) {
            throw new ParameterException(
                    command, "--no-probes goes with --size, --bpw, --max-kld or --min-speed; a preset needs no probes");
        }
        if (!texts.isEmpty()) {
            throw new ParameterException(
                    command,
                    "--text goes with --size, --bpw, --max-kld or --min-speed; with a preset, measure the file with"
                            + " kvant evaluate");
        }
    }

    static final class SizeConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                return ByteSize.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }
}
