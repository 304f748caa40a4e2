package org.kvant.cli.serve;

import java.io.IOException;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.evaluate.EvaluateCommand;
import org.kvant.cli.terminal.CacheTypeConverter;
import org.kvant.cli.terminal.Ranges;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.evaluate.KvTypes;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.FlashAttention;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of {@code serve} and {@code plan} that decide how large a context is. */
final class ContextArguments {
    static final int MOST_TOKENS = 1 << 26;

    @Option(
            names = {"-c", "--ctx-size", "--ctx"},
            defaultValue = "0",
            paramLabel = "N",
            description =
                    "Tokens of the whole KV cache, shared evenly by the sequences; 0: the model's training context "
                            + "for each sequence, at most 4096 (default: ${DEFAULT-VALUE}).")
    private int contextSize;

    @Option(
            names = {"-np", "--parallel"},
            defaultValue = "4",
            paramLabel = "N",
            description = "Requests that run at the same time (default: ${DEFAULT-VALUE}).")
    private int parallel;

    @Option(
            names = {"-t", "--threads"},
            defaultValue = "0",
            converter = ThreadCountConverter.class,
            paramLabel = "N|auto",
            description =
                    "Threads that compute; 0: one for each physical core; auto: what a short measurement at the start "
                            + "finds fastest, also for prompts (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = {"-tb", "--threads-batch"},
            defaultValue = "0",
            paramLabel = "N",
            description = "Threads for prompts; 0: as --threads (default: ${DEFAULT-VALUE}).")
    private int threadsBatch;

    @Option(
            names = "--kv",
            paramLabel = "TYPE|K/V",
            converter = EvaluateCommand.KvConverter.class,
            description = "KV cache types: one for both, or two such as q8_0/q4_0 (default: f16).")
    private @Nullable KvTypes cacheTypes;

    @Option(
            names = {"-ctk", "--cache-type-k"},
            converter = CacheTypeConverter.class,
            paramLabel = "TYPE",
            description = "Type of the K cache: f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0 or iq4_nl (default: f16).")
    private @Nullable GgmlType cacheTypeK;

    @Option(
            names = {"-ctv", "--cache-type-v"},
            converter = CacheTypeConverter.class,
            paramLabel = "TYPE",
            description = "Type of the V cache: one of the same (default: f16).")
    private @Nullable GgmlType cacheTypeV;

    @Option(
            names = {"-fa", "--flash-attn"},
            defaultValue = "auto",
            paramLabel = "auto|on|off",
            description = "Flash attention; a quantized V cache needs it (default: ${DEFAULT-VALUE}).")
    private String flashAttention = "auto";

    @Option(
            names = {"-kvu", "--kv-unified"},
            description = "Use one cache that all sequences draw from, instead of an equal share each.")
    private boolean unified;

    @Option(
            names = {"-b", "--batch-size"},
            defaultValue = "2048",
            paramLabel = "N",
            description = "Most tokens in one decode (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = {"-ub", "--ubatch-size"},
            defaultValue = "512",
            paramLabel = "N",
            description = "Most tokens computed at once within a decode (default: ${DEFAULT-VALUE}).")
    private int ubatchSize;

    @Option(
            names = "--prompt-scratch",
            converter = SizeOrNothingConverter.class,
            paramLabel = "SIZE",
            description =
                    "Most memory for computing long prompts in f16 when the cache is quantized, which is faster on the "
                            + "CPU. Not used once attention is computed in Java; 0: none (default: 256MiB).")
    private @Nullable Long promptScratch;

    /**
     * The context that these ask for, not yet sized for a model.
     *
     * @throws ParameterException if one is out of its range
     */
    ContextOptions options(CommandLine command) {
        check(command);
        int computing = threads <= 0 ? EngineOptions.defaultThreads() : threads;
        return EngineOptions.defaultContext()
                .contextSize(contextSize)
                .maxSequences(parallel)
                .threads(computing)
                .threadsBatch(threadsBatch == 0 ? computing : threadsBatch)
                .batchSize(batchSize)
                .ubatchSize(ubatchSize)
                .cacheTypeK(type(cacheTypeK, KvTypes::k))
                .cacheTypeV(type(cacheTypeV, KvTypes::v))
                .kvUnified(unified)
                .flashAttention(flashAttention(command))
                .build();
    }

    /** Bytes for computing prompts beside a quantized cache. */
    long promptScratchBytes() {
        Long wanted = promptScratch;
        return wanted == null ? EngineOptions.DEFAULT_PROMPT_SCRATCH_BYTES : wanted;
    }

    /** Whether the numbers of threads are to be measured. */
    boolean measureThreads() {
        return threads == ThreadCountConverter.AUTO;
    }

    private GgmlType type(@Nullable GgmlType own, Function<KvTypes, GgmlType> of) {
        return own == null ? of.apply(Objects.requireNonNullElse(cacheTypes, KvTypes.F16)) : own;
    }

    private FlashAttention flashAttention(CommandLine command) {
        return switch (flashAttention) {
            case "auto" -> FlashAttention.AUTO;
            case "on" -> FlashAttention.ENABLED;
            case "off" -> FlashAttention.DISABLED;
            default ->
                throw new ParameterException(command, "--flash-attn must be auto, on or off, not " + flashAttention);
        };
    }

    private void check(CommandLine command) {
        Ranges.check(command, "--ctx-size", contextSize, 0, MOST_TOKENS);
        Ranges.check(command, "--parallel", parallel, 1, ContextOptions.MAX_SEQUENCES);
        if (!measureThreads()) {
            Ranges.check(command, "--threads", threads, 0, ContextOptions.MAX_THREADS);
        } else if (threadsBatch != 0) {
            throw new ParameterException(
                    command, "--threads auto chooses --threads-batch too: leave that out, or give both as numbers");
        }
        Ranges.check(command, "--threads-batch", threadsBatch, 0, ContextOptions.MAX_THREADS);
        Ranges.check(command, "--batch-size", batchSize, parallel, 1 << 26);
        Ranges.check(command, "--ubatch-size", ubatchSize, parallel, 1 << 26);
        if (cacheTypes != null && (cacheTypeK != null || cacheTypeV != null)) {
            throw new ParameterException(
                    command,
                    "--kv gives both types of the cache: leave --cache-type-k and --cache-type-v out, or --kv");
        }
        if (contextSize != 0 && contextSize < parallel) {
            throw new ParameterException(
                    command,
                    "--ctx-size " + contextSize + " leaves nothing for each of " + parallel
                            + " sequences: raise it, or lower --parallel");
        }
    }

    /** What the file says the model was trained with, in tokens; 0 if it says nothing. */
    static int trainContext(GgufFile file) throws IOException {
        String architecture = file.metadata().string("general.architecture");
        return (int) Math.min(Integer.MAX_VALUE, file.metadata().integer(architecture + ".context_length", 0));
    }
}
