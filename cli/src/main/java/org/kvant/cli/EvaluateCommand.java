package org.kvant.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.evaluate.EvaluateOptions;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Evaluator;
import org.kvant.evaluate.KvTypes;
import org.kvant.evaluate.PairedComparison;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.KvCache;
import org.kvant.llama.loader.NativeLoadException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kvant evaluate}: how far quantized models are from the one they were made of. */
@Command(
        name = "evaluate",
        description = "Measures how far quantized models are from the model they were made of: perplexity,"
                + " Kullback-Leibler divergence, agreement of the most probable token; the figures of"
                + " llama-perplexity --kl-divergence, on the same chunks.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class EvaluateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..*",
            paramLabel = "MODEL",
            description = "GGUF files to evaluate (of a split one the first part); name them before the options.")
    private List<Path> models = List.of();

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "FILE",
            description = "The GGUF file in full precision that the models were made of.")
    private Path reference = Path.of("");

    @Option(
            names = "--text",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text in UTF-8 to evaluate on; several give figures for each as well.")
    private List<Path> texts = List.of();

    @Option(names = "--chunks", paramLabel = "N", description = "The most chunks of each text; all by default.")
    private int chunks;

    @Option(
            names = "--chunk-size",
            paramLabel = "N",
            description = "Tokens of a chunk; the second half is scored (default: ${DEFAULT-VALUE}).")
    private int chunkSize = EvaluateOptions.CHUNK_SIZE;

    @Option(
            names = "--kv",
            paramLabel = "K/V",
            converter = KvConverter.class,
            description = "Types of the models' KV cache, such as q8_0/q4_0; the reference keeps f16.")
    private KvTypes kv = KvTypes.F16;

    @Option(
            names = "--paired",
            arity = "2",
            paramLabel = "A B",
            description = "Compare two models token by token, with a bootstrap over chunks; those not named are added.")
    private List<Path> paired = List.of();

    @Option(names = "--seed", paramLabel = "N", description = "Of the bootstrap's draws (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "How many threads work; all cores by default.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    @Override
    public Integer call() throws IOException {
        Set<Path> candidates = new LinkedHashSet<>(models);
        candidates.addAll(paired);
        check(candidates);
        EvaluateOptions options =
                new EvaluateOptions(reference, List.copyOf(candidates), texts, chunks, chunkSize, kv, threads);
        try {
            Backend.load();
        } catch (NativeLoadException e) {
            spec.commandLine().getErr().println("kvant evaluate: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
        Evaluation evaluation;
        try (ProgressBar progress = ProgressBar.counting("tokens")) {
            evaluation = Evaluator.run(options, quiet ? ProgressListener.NONE : progress);
        }
        Optional<PairedComparison> comparison = comparison(evaluation);
        PrintWriter out = spec.commandLine().getOut();
        EvaluationTable table = new EvaluationTable(evaluation, Terminal.standardOutput());
        table.print(out);
        comparison.ifPresent(pair -> table.paired(out, paired.get(0), paired.get(1), pair));
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private Optional<PairedComparison> comparison(Evaluation evaluation) {
        return paired.isEmpty() ? Optional.empty() : Optional.of(evaluation.paired(paired.get(0), paired.get(1), seed));
    }

    private void check(Set<Path> candidates) throws IOException {
        if (candidates.isEmpty()) {
            throw wrongUsage("name at least one model to evaluate, before the options");
        }
        if (threads < 1 || chunks < 0) {
            throw wrongUsage(threads < 1 ? "--threads must be at least 1" : "--chunks can't be negative");
        }
        if (paired.size() > 2) {
            throw wrongUsage("--paired compares two models; give it once");
        }
        if (paired.size() == 2 && paired.get(0).equals(paired.get(1))) {
            throw wrongUsage("--paired compares two models; both are " + paired.get(0));
        }
        for (Path text : texts) {
            if (!Files.exists(text)) {
                throw wrongUsage("--text " + text + ": no such file");
            }
        }
    }

    private ParameterException wrongUsage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    static final class KvConverter implements ITypeConverter<KvTypes> {
        @Override
        public KvTypes convert(String text) {
            String[] names = text.toLowerCase(Locale.ROOT).split("/", -1);
            if (names.length == 2) {
                @Nullable
                GgmlType k = GgmlType.ofName(names[0])
                        .filter(KvCache.TYPES::contains)
                        .orElse(null);
                @Nullable
                GgmlType v = GgmlType.ofName(names[1])
                        .filter(KvCache.TYPES::contains)
                        .orElse(null);
                if (k != null && v != null) {
                    return new KvTypes(k, v);
                }
            }
            throw new TypeConversionException(
                    "'" + text + "' is not K/V, two of " + CacheTypeConverter.NAMES + ", such as q8_0/q4_0");
        }
    }
}
