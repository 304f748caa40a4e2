package org.kvant.cli.quantize;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.allocate.Recipe;
import org.kvant.allocate.RecipeYaml;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.OutputFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.model.ByteSize;
import org.kvant.quantize.KvOverride;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.QuantizePlan;
import org.kvant.quantize.QuantizeResult;
import org.kvant.quantize.Quantizer;
import org.kvant.quantize.TensorTypeRule;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kvant quantize}: a model in full precision to one in few bits. */
@Command(
        name = "quantize",
        description = "Makes a smaller GGUF file of a model: with llama-quantize's presets, or with the best types for "
                + "a size, a divergence or a speed.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class QuantizeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "GGUF file (of a split model the first part) or checkpoint folder.")
    private Path input = Path.of("");

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "OUT",
            description = "File to write; optional with --dry-run.")
    private @Nullable Path output;

    @Option(
            names = "--type",
            paramLabel = "PRESET",
            converter = PresetConverter.class,
            description = "Mixture of types: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS, Q2_K,"
                    + " Q2_K_S, Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K, IQ1_S, IQ1_M, IQ2_XXS,"
                    + " IQ2_XS, IQ2_S, IQ2_M, IQ3_XXS, IQ3_XS, IQ3_S, IQ3_M, TQ1_0, TQ2_0, Q1_0, Q2_0, MXFP4_MOE, or"
                    + " COPY; Q3_K, Q4_K and Q5_K mean _M.")
    private @Nullable Preset preset;

    @Mixin
    private AllocateArguments allocate = new AllocateArguments();

    @Option(
            names = "--tensor-type",
            paramLabel = "PATTERN=TYPE",
            converter = RuleConverter.class,
            description =
                    "Type of tensors whose name matches the regular expression. Repeatable; the first match wins.")
    private List<TensorTypeRule> rules = List.of();

    @Option(
            names = "--output-tensor-type",
            paramLabel = "TYPE",
            converter = TypeConverter.class,
            description = "Type of output.weight.")
    private @Nullable GgmlType outputType;

    @Option(
            names = "--token-embedding-type",
            paramLabel = "TYPE",
            converter = TypeConverter.class,
            description = "Type of the token embeddings.")
    private @Nullable GgmlType embeddingType;

    @Option(names = "--leave-output-tensor", description = "Keep output.weight as it is.")
    private boolean leaveOutput;

    @Option(names = "--pure", description = "Use one type for all tensors.")
    private boolean pure;

    @Option(names = "--imatrix", paramLabel = "FILE", description = "Weight the rounding by this importance matrix.")
    private @Nullable Path imatrix;

    @Option(
            names = "--include-weights",
            paramLabel = "NAME",
            description = "Use only the importance of tensors whose name contains this. Repeatable.")
    private List<String> include = List.of();

    @Option(
            names = "--exclude-weights",
            paramLabel = "NAME",
            description = "Ignore the importance of tensors whose name contains this. Repeatable.")
    private List<String> exclude = List.of();

    @Option(
            names = "--allow-requantize",
            description = "Quantize tensors that are quantized already, which costs quality.")
    private boolean allowRequantize;

    @Option(
            names = "--override-kv",
            paramLabel = "KEY=TYPE:VALUE",
            converter = OverrideConverter.class,
            description = "Set a metadata entry; TYPE is int, float, bool or str. Repeatable.")
    private List<KvOverride> overrides = List.of();

    @Option(names = "--keep-split", description = "Split the output as the input is split.")
    private boolean keepSplit;

    @Option(
            names = "--split-max-size",
            paramLabel = "N(M|G)",
            converter = SizeConverter.class,
            description = "Split the output into files of at most this much tensor data.")
    private long splitMaxBytes;

    @Option(
            names = "--split-max-tensors",
            paramLabel = "N",
            description = "Split the output into files of at most this many tensors.")
    private int splitMaxTensors;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = {"-q", "--quiet"},
            description = "Show no progress.")
    private boolean quiet;

    @Option(
            names = "--dry-run",
            description =
                    "Show what each tensor would become and write no model. With OUT, measured losses are kept for "
                            + "the real run.")
    private boolean dryRun;

    @Override
    public Integer call() throws IOException {
        Path target = output;
        if (target == null && !dryRun) {
            throw wrongUsage("name the file to write, or ask for a --dry-run");
        }
        if (threads < 1 || splitMaxTensors < 0) {
            throw wrongUsage(threads < 1 ? "--threads must be at least 1" : "--split-max-tensors can't be negative");
        }
        if (!include.isEmpty() && !exclude.isEmpty()) {
            throw wrongUsage("--include-weights and --exclude-weights can't be used together");
        }
        Recipe recipe = allocate.recipe(spec.commandLine(), preset, imatrix, rules);
        imatrix = recipe.imatrix() == null ? null : Path.of(recipe.imatrix());
        check(recipe);
        try (OutputFile recipeFile = allocate.openRecipe(files(recipe, target));
                CheckpointSource source = CheckpointSource.open(input, dryRun ? null : target, quiet)) {
            QuantizeOptions options = options(recipe, source.gguf(), target == null ? source.gguf() : target);
            if (recipe.preset() == null) {
                AllocateCommand command = new AllocateCommand(
                        spec.commandLine(),
                        allocate,
                        recipe.withRules(fixedTypes(recipe.rules())),
                        options,
                        recipeFile,
                        quiet);
                return dryRun ? command.predict(target) : command.run();
            }
            int code = dryRun ? show(options) : run(options, recipe.preset());
            if (recipeFile != null) {
                recipeFile.publish(out -> out.write(RecipeYaml.write(recipe.withAbsolutePaths())));
            }
            return code;
        }
    }

    /** Refuses options that would have no effect, or that a recipe could not repeat. */
    private void check(Recipe recipe) {
        if (recipe.preset() == null && pure) {
            throw wrongUsage("--pure is for a preset; with a budget, name one type with --types");
        }
        if (!allocate.writesRecipe()) {
            return;
        }
        boolean fixed = recipe.preset() != null && (outputType != null || embeddingType != null);
        if (pure || leaveOutput || fixed) {
            throw wrongUsage("a recipe can't repeat --pure, --leave-output-tensor, or a preset's --output-tensor-type"
                    + " and --token-embedding-type; fix types with --tensor-type, or leave out --write-recipe");
        }
    }

    /** All files of this work but the recipe that is written. */
    private List<Path> files(Recipe recipe, @Nullable Path target) {
        List<Path> files = new ArrayList<>(allocate.recipeFile());
        files.addAll(allocate.texts());
        files.add(input);
        if (recipe.statistics() != null) {
            files.add(Path.of(recipe.statistics()));
        }
        if (imatrix != null) {
            files.add(imatrix);
        }
        if (target != null) {
            files.add(target);
        }
        return files;
    }

    /** The options for single tensors are rules that come first. */
    private List<TensorTypeRule> fixedTypes(List<TensorTypeRule> others) {
        List<TensorTypeRule> all = new ArrayList<>();
        if (outputType != null) {
            all.add(TensorTypeRule.parse("^output\\.weight$=" + outputType.ggmlName()));
        }
        if (embeddingType != null) {
            all.add(TensorTypeRule.parse("^token_embd\\.weight$=" + embeddingType.ggmlName()));
        }
        all.addAll(others);
        return all;
    }

    private QuantizeOptions options(Recipe recipe, Path source, Path target) {
        Preset preset = recipe.preset() == null ? Preset.COPY : recipe.preset();
        List<TensorTypeRule> rules = recipe.rules();
        return QuantizeOptions.builder(source, target, preset)
                .statistics(recipe.statistics() == null ? null : Path.of(recipe.statistics()))
                .activations(recipe.activations())
                .types(new QuantizeOptions.Types(preset, pure, leaveOutput, outputType, embeddingType, rules))
                .imatrix(imatrix)
                .includeWeights(include)
                .excludeWeights(exclude)
                .allowRequantize(allowRequantize)
                .overrides(overrides)
                .split(new QuantizeOptions.Split(keepSplit, splitMaxBytes, splitMaxTensors))
                .threads(threads)
                .build();
    }

    private int show(QuantizeOptions options) throws IOException {
        QuantizePlan plan = Quantizer.plan(options);
        PrintWriter out = spec.commandLine().getOut();
        new PlanTable(plan).print(out);
        plan.notes().forEach(note -> out.println("note: " + note));
        plan.obstacles().forEach(obstacle -> out.println("this would fail: " + obstacle));
        out.flush();
        return 0;
    }

    private int run(QuantizeOptions options, Preset preset) throws IOException {
        QuantizeResult result;
        try (ProgressBar progress = new ProgressBar()) {
            result = Quantizer.run(options, quiet ? ProgressListener.NONE : progress);
        }
        result.plan().notes().forEach(note -> System.err.println("note: " + note));
        double seconds = result.nanos() / 1e9;
        String rate = ByteSize.text((long) (result.inputBytes() / Math.max(seconds, 1e-3)));
        summary(result, preset.toString(), String.format(Locale.ROOT, "%.1f s at %s/s", seconds, rate));
        return 0;
    }

    /** @param time that everything took, not only the last writing */
    static void summary(QuantizeResult result, String mixture, String time) {
        Path first = result.outputs().getFirst();
        int others = result.outputs().size() - 1;
        System.err.printf(
                Locale.ROOT,
                "%s: %s, %s (%.2f bits a weight) from %s (%.2f), in %s%n",
                others == 0 ? first : first + " and " + others + " more",
                mixture,
                ByteSize.text(result.outputBytes()),
                result.plan().bitsPerWeight(),
                ByteSize.text(result.inputBytes()),
                result.plan().sourceBitsPerWeight(),
                time);
    }

    private ParameterException wrongUsage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    static final class PresetConverter implements ITypeConverter<Preset> {
        @Override
        public Preset convert(String text) {
            return Preset.of(text)
                    .orElseThrow(() -> new TypeConversionException(
                            "there is no preset '" + text + "'; there are " + Preset.names()));
        }
    }

    static final class TypeConverter implements ITypeConverter<GgmlType> {
        @Override
        public GgmlType convert(String text) {
            return GgmlType.ofName(text)
                    .orElseThrow(() -> new TypeConversionException(
                            "there is no type '" + text + "'; for example q4_k, q8_0 or f16"));
        }
    }

    static final class RuleConverter implements ITypeConverter<TensorTypeRule> {
        @Override
        public TensorTypeRule convert(String text) {
            return refusing(() -> TensorTypeRule.parse(text));
        }
    }

    static final class OverrideConverter implements ITypeConverter<KvOverride> {
        @Override
        public KvOverride convert(String text) {
            return refusing(() -> KvOverride.parse(text));
        }
    }

    /** Bytes as llama-gguf-split takes them: a number with M or G, which are powers of 1000. */
    static final class SizeConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            String upper = text.toUpperCase(Locale.ROOT);
            long unit = upper.endsWith("G") ? 1_000_000_000 : upper.endsWith("M") ? 1_000_000 : 0;
            try {
                long number = Long.parseLong(upper.substring(0, Math.max(0, upper.length() - 1)));
                if (unit > 0 && number > 0) {
                    return Math.multiplyExact(number, unit);
                }
            } catch (NumberFormatException | ArithmeticException e) {
                throw new TypeConversionException("'" + text + "' is not a size such as 500M or 4G (" + e + ")");
            }
            throw new TypeConversionException("'" + text + "' is not a size such as 500M or 4G");
        }
    }

    /** picocli shows a converter's message only if it comes in its own exception. */
    private static <T> T refusing(java.util.function.Supplier<T> parser) {
        try {
            return parser.get();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
