package org.kvant.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.EngineOptions;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.http.HttpOptions;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.FlashAttention;
import org.kvant.llama.KvCache;
import org.kvant.llama.LoadMode;
import org.kvant.llama.ModelOptions;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.monitoring.Vocabulary;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvant serve}: a model behind the OpenAI API. */
@Command(
        name = "serve",
        description =
                "Serves a GGUF model over the OpenAI HTTP API. Ctrl-C drains and stops; a second one stops at once.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Routes: /v1/chat/completions, /v1/completions, /v1/models, /tokenize, /detokenize,",
            "        /health (alive), /ready (503 until the model is loaded and while draining), /metrics (Prometheus)."
        })
public final class ServeCommand implements Callable<Integer> {
    /** Longer queues than this only make clients wait for an answer that comes after they have given up. */
    private static final int MOST_WAITING = 100_000;

    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "GGUF file; of a split one the first part.")
    private Path model = Path.of("");

    @Option(
            names = {"-a", "--alias"},
            paramLabel = "NAME",
            description = "What requests and metrics name the model by (default: the file's name).")
    private @Nullable String alias;

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port; 0 takes a free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = {"-c", "--ctx-size"},
            defaultValue = "0",
            paramLabel = "N",
            description =
                    "Tokens of the whole KV cache, shared evenly by the sequences; 0: the model's training context for each"
                            + " sequence, at most 4096 (default: ${DEFAULT-VALUE}).")
    private int contextSize;

    @Option(
            names = {"-np", "--parallel"},
            defaultValue = "4",
            paramLabel = "N",
            description = "Requests that run at a time (default: ${DEFAULT-VALUE}).")
    private int parallel;

    @Option(
            names = {"-t", "--threads"},
            defaultValue = "0",
            paramLabel = "N",
            description = "Threads that compute; 0: one for each physical core (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = {"-tb", "--threads-batch"},
            defaultValue = "0",
            paramLabel = "N",
            description = "Threads for prompts; 0: as --threads (default: ${DEFAULT-VALUE}).")
    private int threadsBatch;

    @Option(
            names = {"-ngl", "--gpu-layers"},
            defaultValue = "-1",
            paramLabel = "N",
            description = "Layers to put on graphics cards; -1: all that there are (default: ${DEFAULT-VALUE}).")
    private int gpuLayers;

    @Option(
            names = {"-ctk", "--cache-type-k"},
            defaultValue = "f16",
            converter = CacheTypeConverter.class,
            paramLabel = "TYPE",
            description =
                    "Type of the K cache: f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0 or iq4_nl (default: ${DEFAULT-VALUE}).")
    private GgmlType cacheTypeK = GgmlType.F16;

    @Option(
            names = {"-ctv", "--cache-type-v"},
            defaultValue = "f16",
            converter = CacheTypeConverter.class,
            paramLabel = "TYPE",
            description = "Type of the V cache, of the same ones (default: ${DEFAULT-VALUE}).")
    private GgmlType cacheTypeV = GgmlType.F16;

    @Option(
            names = {"-fa", "--flash-attn"},
            defaultValue = "auto",
            paramLabel = "auto|on|off",
            description = "Flash attention; a quantized V cache needs it (default: ${DEFAULT-VALUE}).")
    private String flashAttention = "auto";

    @Option(
            names = {"-kvu", "--kv-unified"},
            description = "One cache that all sequences take from as they need, instead of an equal share for each.")
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
            description = "Most tokens computed at once inside it (default: ${DEFAULT-VALUE}).")
    private int ubatchSize;

    @Option(
            names = "--queue-size",
            defaultValue = "256",
            paramLabel = "N",
            description = "Requests that may wait; a further one gets a 429 (default: ${DEFAULT-VALUE}).")
    private int queueSize;

    @Option(
            names = "--api-key",
            defaultValue = "$" + "{env:KVANT_API_KEY:-}",
            paramLabel = "KEY",
            description =
                    "Key that requests must bring, except to /health and /ready. Other users of this machine can see it"
                            + " among the arguments: better put it into the environment as KVANT_API_KEY.")
    private String apiKey = "";

    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description =
                    "Jinja template for chats instead of the model's own: a file, or the name of another one in the"
                            + " model's file.")
    private @Nullable String chatTemplate;

    @Option(
            names = "--max-body",
            defaultValue = "16777216",
            paramLabel = "BYTES",
            description = "Longest request body (default: ${DEFAULT-VALUE}).")
    private int maxBody;

    @Option(
            names = "--drain-timeout",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "How long running requests may go on after Ctrl-C or SIGTERM (default: ${DEFAULT-VALUE}).")
    private int drainTimeout;

    @Option(
            names = "--metrics-names",
            defaultValue = "kvant",
            paramLabel = "LIST",
            description = "Names under which /metrics shows its figures: kvant, vllm, llama-server, several with commas"
                    + " (default: ${DEFAULT-VALUE}).")
    private String metricsNames = "kvant";

    @Option(
            names = "--no-mmap",
            description = "Read the file instead of mapping it: it may then be replaced while it is served.")
    private boolean noMmap;

    @Option(names = "--no-warmup", description = "Be ready without a first decode; the first request then pays for it.")
    private boolean noWarmup;

    @Spec
    private @Nullable CommandSpec spec;

    /** 0 after an orderly stop, 1 if the engine or the libraries fail, 2 for bad input or a port that is in use. */
    @Override
    public Integer call() throws IOException, InterruptedException {
        checkRanges();
        try (Groundwork groundwork = Groundwork.begin(Vocabulary.parse(metricsNames))) {
            return serve(groundwork);
        } catch (NativeLoadException e) {
            command().getErr().println("kvant serve: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private int serve(Groundwork groundwork) throws IOException, InterruptedException {
        KvCache cache;
        EngineOptions options;
        String template;
        // All that can be known without loading a gigabyte comes first.
        try (GgufFile file = GgufFile.open(model)) {
            ContextOptions context = EngineOptions.sized(contextOptions(), trainContext(file));
            KvCache.check(file.metadata(), cacheTypeK, cacheTypeV, context.flashAttention());
            cache = KvCache.of(file.metadata(), context);
            template = chatTemplate == null ? null : ChatTemplateArgument.resolve(chatTemplate, file.metadata());
            options = EngineOptions.builder()
                    .context(context)
                    .model(ModelOptions.defaults()
                            .withGpuLayers(gpuLayers)
                            .withLoadMode(noMmap ? LoadMode.READ : LoadMode.AUTO))
                    .queueCapacity(queueSize)
                    .warmup(!noWarmup)
                    .build();
        }
        String id = alias == null ? Objects.requireNonNull(model.getFileName()).toString() : alias;
        HttpOptions http = HttpOptions.of(host, port, id)
                .withApiKey(apiKey.isEmpty() ? null : apiKey)
                .withMaxBodyBytes(maxBody);
        CommandLine command = command();
        try (Serving serving = new Serving(command.getOut(), command.getErr(), model, id, groundwork, cache)) {
            return serving.run(http, options, template, Duration.ofSeconds(drainTimeout));
        }
    }

    private ContextOptions contextOptions() {
        int computing = threads == 0 ? EngineOptions.defaultThreads() : threads;
        return EngineOptions.defaultContext()
                .contextSize(contextSize)
                .maxSequences(parallel)
                .threads(computing)
                .threadsBatch(threadsBatch == 0 ? computing : threadsBatch)
                .batchSize(batchSize)
                .ubatchSize(ubatchSize)
                .cacheTypeK(cacheTypeK)
                .cacheTypeV(cacheTypeV)
                .kvUnified(unified)
                .flashAttention(flashAttention())
                .build();
    }

    private FlashAttention flashAttention() {
        return switch (flashAttention) {
            case "auto" -> FlashAttention.AUTO;
            case "on" -> FlashAttention.ENABLED;
            case "off" -> FlashAttention.DISABLED;
            default ->
                throw new ParameterException(command(), "--flash-attn must be auto, on or off, not " + flashAttention);
        };
    }

    private static int trainContext(GgufFile file) throws IOException {
        String architecture = file.metadata().string("general.architecture");
        return (int) Math.min(Integer.MAX_VALUE, file.metadata().integer(architecture + ".context_length", 0));
    }

    private void checkRanges() {
        range("--port", port, 0, 65_535);
        range("--ctx-size", contextSize, 0, 1 << 26);
        range("--parallel", parallel, 1, ContextOptions.MAX_SEQUENCES);
        range("--threads", threads, 0, ContextOptions.MAX_THREADS);
        range("--threads-batch", threadsBatch, 0, ContextOptions.MAX_THREADS);
        range("--gpu-layers", gpuLayers, -1, Integer.MAX_VALUE);
        range("--batch-size", batchSize, parallel, 1 << 26);
        range("--ubatch-size", ubatchSize, parallel, 1 << 26);
        range("--queue-size", queueSize, 1, MOST_WAITING);
        range("--max-body", maxBody, 1, Integer.MAX_VALUE);
        range("--drain-timeout", drainTimeout, 0, Integer.MAX_VALUE);
        if (contextSize != 0 && contextSize < parallel) {
            throw new ParameterException(
                    command(),
                    "--ctx-size " + contextSize + " leaves nothing for each of " + parallel
                            + " sequences: raise it, or lower --parallel");
        }
    }

    private void range(String option, int value, int min, int max) {
        if (value < min || value > max) {
            throw new ParameterException(
                    command(),
                    option + " must be "
                            + (max == Integer.MAX_VALUE ? min + " or more" : "between " + min + " and " + max)
                            + ", not " + value);
        }
    }

    private CommandLine command() {
        return Objects.requireNonNull(spec).commandLine();
    }
}
