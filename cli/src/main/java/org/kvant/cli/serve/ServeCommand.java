package org.kvant.cli.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Ranges;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.gguf.GgufFile;
import org.kvant.http.HttpOptions;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.KvCache;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.llama.modelfile.LoadMode;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.monitoring.Vocabulary;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kvant serve}: models behind the OpenAI API. */
@Command(
        name = "serve",
        description =
                "Serves GGUF models over the OpenAI HTTP API. Ctrl-C drains and stops; a second one ends it at once.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Routes: /v1/chat/completions, /v1/completions, /v1/models,",
            "        /apply-template, /tokenize, /detokenize, / (status page),",
            "        /health (503 while a model loads), /ready (200 while requests are",
            "        admitted), /metrics (Prometheus)."
        })
public final class ServeCommand implements Callable<Integer> {
    /** Longer queues than this only make clients wait for an answer that comes after they have given up. */
    private static final int MOST_WAITING = 100_000;

    @Mixin
    private final ModelArguments models = new ModelArguments();

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port; 0 picks a free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Mixin
    private final ContextArguments context = new ContextArguments();

    @Option(
            names = {"-ngl", "--gpu-layers"},
            defaultValue = "-1",
            paramLabel = "N",
            description = "Layers to put on graphics cards; -1: all (default: ${DEFAULT-VALUE}).")
    private int gpuLayers;

    @Option(
            names = "--queue-size",
            defaultValue = "256",
            paramLabel = "N",
            description = "Requests that may wait; one more gets a 429 (default: ${DEFAULT-VALUE}).")
    private int queueSize;

    @Option(
            names = "--api-key",
            defaultValue = "$" + "{env:KVANT_API_KEY:-}",
            paramLabel = "KEY",
            description =
                    "Key that requests must bring, except to /, /health and /ready. Other users of this machine can "
                            + "see it in the process list: prefer the environment variable KVANT_API_KEY.")
    private String apiKey = "";

    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description =
                    "Jinja template for chats instead of the model's own: a file, or the name of another template in "
                            + "the model's file.")
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
            description = "How long running requests may continue after Ctrl-C or SIGTERM (default: ${DEFAULT-VALUE}).")
    private int drainTimeout;

    @Option(
            names = "--metrics-names",
            defaultValue = "kvant",
            paramLabel = "LIST",
            description = "Names that /metrics shows: kvant, vllm, llama-server, or several with commas (default: "
                    + "${DEFAULT-VALUE}).")
    private String metricsNames = "kvant";

    @Option(
            names = "--otlp-endpoint",
            paramLabel = "URL",
            description = "Send metrics and traces to this OTLP receiver, such as http://localhost:4318 (default: "
                    + "OTEL_EXPORTER_OTLP_ENDPOINT; without either, nothing is sent).")
    private @Nullable String otlpEndpoint;

    @Option(
            names = "--log-format",
            defaultValue = "text",
            paramLabel = "text|json",
            description = "Form of the log on standard error; json: one object per line (default: ${DEFAULT-VALUE}).")
    private LogFormat logFormat = LogFormat.TEXT;

    @Option(
            names = "--log-prompts",
            description = "Put each request's prompt, as the model reads it, into its log line.")
    private boolean logPrompts;

    @Option(
            names = "--no-mmap",
            description = "Read the file instead of mapping it. It may then be replaced while it is served.")
    private boolean noMmap;

    @Option(names = "--no-warmup", description = "Skip the first decode. The first request then pays for it.")
    private boolean noWarmup;

    @Option(
            names = "--no-prompt-lookup",
            description = "Don't draft tokens from the text so far. Answers stay the same.")
    private boolean noPromptLookup;

    @Option(
            names = "--attention",
            defaultValue = "auto",
            paramLabel = "auto|ggml",
            description =
                    "What computes attention over a quantized KV cache on the CPU. auto: Kvant's own kernel, once it "
                            + "is compiled and found faster; ggml: always ggml (default: ${DEFAULT-VALUE}).")
    private String attention = "auto";

    @Option(
            names = "--context-shift",
            description =
                    "Let answers with a token limit continue when the context is full, by dropping its older half "
                            + "after the first n_keep tokens.")
    private boolean contextShift;

    @Mixin
    private final PromptCacheArguments promptCache = new PromptCacheArguments();

    @Mixin
    private final DraftArguments draft = new DraftArguments();

    @Spec
    private @Nullable CommandSpec spec;

    /** 0 after an orderly stop, 1 if the engine or the libraries fail, 2 for bad input or a port that is in use. */
    @Override
    public Integer call() throws IOException, InterruptedException {
        checkRanges();
        logFormat.apply();
        try (Groundwork groundwork = Groundwork.begin(Vocabulary.parse(metricsNames))) {
            return serve(groundwork);
        } catch (NativeLoadException e) {
            command().getErr().println("kvant serve: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private int serve(Groundwork groundwork) throws IOException, InterruptedException {
        List<ModelToServe> served = new ArrayList<>();
        // All that can be known without loading a gigabyte comes first.
        for (ModelArguments.Named model : models.models(command())) {
            served.add(toServe(model));
        }
        HttpOptions http = HttpOptions.of(
                        host, port, served.stream().map(ModelToServe::name).toArray(String[]::new))
                .withApiKey(apiKey.isEmpty() ? null : apiKey)
                .withMaxBodyBytes(maxBody)
                .withLogPrompts(logPrompts);
        CommandLine command = command();
        try (Serving serving = new Serving(command.getOut(), command.getErr(), served, groundwork, otlpEndpoint)) {
            return serving.run(http, Duration.ofSeconds(drainTimeout));
        }
    }

    private ModelToServe toServe(ModelArguments.Named model) throws IOException {
        try (GgufFile file = GgufFile.open(model.file())) {
            ContextOptions sized = EngineOptions.sized(context.options(command()), ContextArguments.trainContext(file));
            KvCache.check(file.metadata(), sized.cacheTypeK(), sized.cacheTypeV(), sized.flashAttention());
            EngineOptions options = EngineOptions.builder()
                    .context(sized)
                    .model(ModelOptions.defaults()
                            .withGpuLayers(gpuLayers)
                            .withLoadMode(noMmap ? LoadMode.READ : LoadMode.AUTO))
                    .queueCapacity(queueSize)
                    .promptScratchBytes(context.promptScratchBytes())
                    .cacheAttention(attention.equals("auto"))
                    .promptLookup(!noPromptLookup)
                    .draft(draft.options(command()))
                    .contextShift(contextShift)
                    .promptCache(promptCache.options(command()))
                    .measureThreads(context.measureThreads())
                    .warmup(!noWarmup)
                    .build();
            return new ModelToServe(
                    model.name(),
                    model.file(),
                    options,
                    KvCache.of(file.metadata(), sized),
                    chatTemplate == null ? null : ChatTemplateArgument.resolve(chatTemplate, file.metadata()));
        }
    }

    private void checkRanges() {
        Ranges.check(command(), "--port", port, 0, 65_535);
        Ranges.check(command(), "--gpu-layers", gpuLayers, -1, Integer.MAX_VALUE);
        Ranges.check(command(), "--queue-size", queueSize, 1, MOST_WAITING);
        Ranges.check(command(), "--max-body", maxBody, 1, Integer.MAX_VALUE);
        checkEndpoint();
        checkAttention();
        Ranges.check(command(), "--drain-timeout", drainTimeout, 0, Integer.MAX_VALUE);
    }

    private void checkEndpoint() {
        if (otlpEndpoint != null && !otlpEndpoint.matches("https?://[^/?#]+.*")) {
            throw new CommandLine.ParameterException(
                    command(),
                    "--otlp-endpoint must be a URL such as http://localhost:4318, not '" + otlpEndpoint + "'");
        }
    }

    private void checkAttention() {
        if (!attention.equals("auto") && !attention.equals("ggml")) {
            throw new CommandLine.ParameterException(
                    command(), "--attention must be auto or ggml, not '" + attention + "'");
        }
    }

    private CommandLine command() {
        return Objects.requireNonNull(spec).commandLine();
    }
}
