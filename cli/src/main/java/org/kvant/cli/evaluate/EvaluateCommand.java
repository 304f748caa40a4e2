package org.kvant.cli.evaluate;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.CacheTypeConverter;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.cli.terminal.Terminal;
import org.kvant.evaluate.ChoiceRunner;
import org.kvant.evaluate.ChoiceScore;
import org.kvant.evaluate.ChoiceTask;
import org.kvant.evaluate.EvaluateOptions;
import org.kvant.evaluate.Evaluation;
import org.kvant.evaluate.Evaluator;
import org.kvant.evaluate.KvTypes;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.KvCache;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.report.Results;
import org.kvant.report.RunInfo;
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
        description = "Compares quantized models with the original: perplexity, Kullback-Leibler divergence, and "
                + "agreement on the most likely token. Gives the figures of llama-perplexity --kl-divergence, on "
                + "the same chunks.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class EvaluateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..*",
            paramLabel = "MODEL",
            description = "GGUF files to evaluate (of a split model the first part); name them before the options.")
    private List<Path> models = List.of();

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "FILE",
            description = "GGUF file of the original in full precision.")
    private Path reference = Path.of("");

    @Option(
            names = "--text",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text in UTF-8 to evaluate on. With several files there are also figures for each.")
    private List<Path> texts = List.of();

    @Option(names = "--chunks", paramLabel = "N", description = "Most chunks of each text (default: all).")
    private int chunks;

    @Option(
            names = "--chunk-size",
            paramLabel = "N",
            description = "Tokens per chunk; the second half is scored (default: ${DEFAULT-VALUE}).")
    private int chunkSize = EvaluateOptions.CHUNK_SIZE;

    @Option(
            names = "--kv",
            paramLabel = "TYPE|K/V",
            converter = KvConverter.class,
            description = "KV cache types of the models: one for both, or two such as q8_0/q4_0 (default: f16). The "
                    + "reference keeps f16.")
    private KvTypes kv = KvTypes.F16;

    @Option(
            names = "--paired",
            arity = "2",
            paramLabel = "A B",
            description =
                    "Compare two models token by token, with a bootstrap over chunks. They are added if not named "
                            + "before.")
    private List<Path> paired = List.of();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the bootstrap (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--multiple-choice",
            paramLabel = "FILE",
            description = "Questions with several answers: HellaSwag's JSON lines, or llama-perplexity's six lines per "
                    + "question. All models answer, including the reference.")
    private @Nullable Path questions;

    @Option(
            names = "--per-token",
            paramLabel = "FILE",
            description =
                    "Write every scored token of every model: a name ending in .jsonl gives JSON lines, any other "
                            + "tab-separated values.")
    private @Nullable Path dump;

    @Option(names = "--report", paramLabel = "FILE", description = "Write a self-contained HTML page.")
    private @Nullable Path report;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures as JSON.")
    private @Nullable Path jsonFile;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = {"-q", "--quiet"},
            description = "Show no progress.")
    private boolean quiet;

    @Override
    public Integer call() throws IOException {
        Set<Path> candidates = new LinkedHashSet<>(models);
        candidates.addAll(paired);
        check(candidates);
        EvaluateOptions options =
                new EvaluateOptions(reference, List.copyOf(candidates), texts, chunks, chunkSize, kv, threads);
        Backend backend;
        try {
            backend = Backend.load();
        } catch (NativeLoadException e) {
            spec.commandLine().getErr().println("kvant evaluate: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
        List<Path> inputs = new ArrayList<>(candidates);
        inputs.add(reference);
        inputs.addAll(texts);
        try (EvaluateOutputs outputs = EvaluateOutputs.open(dump, jsonFile, report, inputs)) {
            List<ChoiceTask> tasks = questions == null ? List.of() : ChoiceTask.read(questions);
            Evaluation evaluation;
            try (ProgressBar progress = ProgressBar.counting("tokens")) {
                evaluation = Evaluator.run(options, quiet ? ProgressListener.NONE : progress);
            }
            Results results = new Results(evaluation, pair(evaluation), choices(candidates, tasks));
            PrintWriter out = spec.commandLine().getOut();
            new EvaluationTable(results, Terminal.standardOutput()).print(out);
            out.flush();
            outputs.publish(results, RunInfo.here(commandLine(), backend));
        }
        return CommandLine.ExitCode.OK;
    }

    private Results.@Nullable Pair pair(Evaluation evaluation) {
        return paired.isEmpty()
                ? null
                : new Results.Pair(paired.get(0), paired.get(1), evaluation.paired(paired.get(0), paired.get(1), seed));
    }

    private Map<Path, ChoiceScore> choices(Set<Path> candidates, List<ChoiceTask> tasks) throws IOException {
        Map<Path, ChoiceScore> scores = new LinkedHashMap<>();
        if (tasks.isEmpty()) {
            return scores;
        }
        Set<Path> all = new LinkedHashSet<>(List.of(reference));
        all.addAll(candidates);
        for (Path file : all) {
            KvTypes types = file.equals(reference) ? KvTypes.F16 : kv;
            try (ProgressBar progress = ProgressBar.counting("questions")) {
                scores.put(
                        file, ChoiceRunner.run(file, tasks, types, threads, quiet ? ProgressListener.NONE : progress));
            }
        }
        return scores;
    }

    /** As it was typed, with quotes where a shell needs them. */
    private String commandLine() {
        return spec.commandLine().getParent() == null
                ? "kvant evaluate"
                : "kvant "
                        + spec.root().commandLine().getParseResult().originalArgs().stream()
                                .map(word ->
                                        word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'")
                                .collect(Collectors.joining(" "));
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

    public static final class KvConverter implements ITypeConverter<KvTypes> {
        @Override
        public KvTypes convert(String text) {
            String[] names = text.toLowerCase(Locale.ROOT).split("/", -1);
            if (names.length <= 2) {
                @Nullable
                GgmlType k = GgmlType.ofName(names[0])
                        .filter(KvCache.TYPES::contains)
                        .orElse(null);
                @Nullable
                GgmlType v = GgmlType.ofName(names[names.length - 1])
                        .filter(KvCache.TYPES::contains)
                        .orElse(null);
                if (k != null && v != null) {
                    return new KvTypes(k, v);
                }
            }
            throw new TypeConversionException(
                    "'" + text + "' is not K/V, one or two of " + CacheTypeConverter.NAMES + ", such as q8_0/q4_0");
        }
    }
}
