package org.kvant.cli.quantize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.CalibrateOptions;
import org.kvant.calibrate.CalibrateResult;
import org.kvant.calibrate.Calibrator;
import org.kvant.calibrate.GradientCalibrator;
import org.kvant.calibrate.TextSource;
import org.kvant.cli.terminal.MemorySizeConverter;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.cli.terminal.StopSignals;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.model.ByteSize;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvant calibrate}: what the linear layers of a model are given, for {@code kvant quantize} and llama-quantize. */
@Command(
        name = "calibrate",
        description = "Runs a model over text and keeps the statistics that quantize rounds with. llama-quantize also "
                + "accepts the file as an importance matrix.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class CalibrateCommand implements Callable<Integer> {
    /** As a shell reports a process that Ctrl-C ended. */
    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "GGUF file (of a split model the first part) or checkpoint folder.")
    private Path model = Path.of("");

    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    private static final class Source {
        @Option(
                names = "--text",
                arity = "1..*",
                paramLabel = "FILE",
                description =
                        "Plain text, cut into chunks as llama-imatrix does. Several files share the chunks equally.")
        private List<Path> texts = List.of();

        @Option(
                names = "--chat",
                arity = "1..*",
                paramLabel = "FILE",
                description =
                        "Conversations, one JSON object {\"messages\": […]} per line, in the model's chat format.")
        private List<Path> chats = List.of();

        @Option(names = "--data-free", description = "Let the model write the text itself; see --seed.")
        private boolean dataFree;
    }

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "OUT",
            description = "Statistics file to write. After an interruption, the same command resumes.")
    private Path output = Path.of("");

    @Option(
            names = "--full",
            description =
                    "Keep full second moments, not only their diagonals, in a much larger file. For kvant quantize "
                            + "--stats with architectures that --gradient does not know.")
    private boolean full;

    @Option(
            names = "--gradient",
            description = "Keep full second moments weighted by gradients, which give kvant quantize --stats the best "
                    + "files. For Llama, Qwen2, Qwen3, Qwen3-MoE and Gemma 3.")
    private boolean gradient;

    @Option(names = "--chunks", paramLabel = "N", description = "Most chunks to take (default: ${DEFAULT-VALUE}).")
    private int chunks = CalibrateOptions.DEFAULT_CHUNKS;

    @Option(names = "--chunk-size", paramLabel = "N", description = "Tokens per chunk (default: ${DEFAULT-VALUE}).")
    private int chunkSize = CalibrateOptions.DEFAULT_CHUNK_SIZE;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = MemorySizeConverter.class,
            description =
                    "Most memory for full second moments (default: 2GiB; with --gradient what the heap can spare). "
                            + "With less than they need, the text is run several times.")
    private @Nullable Long memory;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "With --data-free: the same seed gives the same text (default: random, and shown).")
    private @Nullable Long seed;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = {"-q", "--quiet"},
            description = "Show no progress.")
    private boolean quiet;

    /** 0; 1 without native libraries; 2 for bad input; 130 if it was stopped. */
    @Override
    public Integer call() throws IOException {
        if (seed != null && !source.dataFree) {
            throw new ParameterException(spec.commandLine(), "--seed is for --data-free only");
        }
        if (gradient && full) {
            throw new ParameterException(
                    spec.commandLine(), "--gradient keeps full moments of its own; leave --full out");
        }
        try (CheckpointSource checkpoint = CheckpointSource.open(model, output, quiet)) {
            return run(options(checkpoint.gguf()));
        } catch (NativeLoadException e) {
            spec.commandLine().getErr().println("kvant calibrate: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private CalibrateOptions options(Path gguf) {
        try {
            return CalibrateOptions.of(gguf, output, text())
                    .withChunks(chunks, chunkSize)
                    .withThreads(threads)
                    .withFull(full, CalibrateOptions.DEFAULT_MEMORY_BYTES)
                    .withMemory(memory);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private TextSource text() {
        if (!source.texts.isEmpty()) {
            return new TextSource.Texts(source.texts);
        }
        if (!source.chats.isEmpty()) {
            return new TextSource.Chats(source.chats);
        }
        Long given = seed;
        long used = given != null
                ? given
                : Calibrator.unfinishedSeed(output)
                        .orElseGet(() -> RandomGenerator.getDefault().nextLong(1L << 31));
        System.err.println("seed " + used);
        return new TextSource.SelfWritten(used);
    }

    private int run(CalibrateOptions options) throws IOException {
        StopSignals stop =
                StopSignals.install(() -> System.err.println("stopping after this " + (gradient ? "layer" : "chunk")
                        + "; once more stops at once, and what was done since the last save is lost"));
        CalibrateResult result;
        double seconds;
        try (ProgressBar progress = ProgressBar.counting("tokens")) {
            ProgressListener listener = quiet ? ProgressListener.NONE : progress;
            Consumer<String> notes = note -> System.err.println("note: " + note);
            result = gradient
                    ? GradientCalibrator.run(options, listener, stop::asked, notes)
                    : Calibrator.run(options, listener, stop::asked, notes);
            seconds = progress.seconds();
        }
        if (!result.complete()) {
            System.err.println(
                    "stopped; the same command goes on from here, " + result.partial() + " has what it needs");
            return INTERRUPTED;
        }
        System.err.printf(
                Locale.ROOT,
                "%s: %s of %d %s on %d chunks of %d tokens, %s, in %.1f s%n",
                output,
                gradient ? "gradient-weighted moments" : full ? "full moments" : "diagonals",
                result.inputs(),
                gradient ? "weights" : "inputs",
                result.chunks(),
                chunkSize,
                ByteSize.text(result.outputBytes()),
                seconds);
        return CommandLine.ExitCode.OK;
    }
}
