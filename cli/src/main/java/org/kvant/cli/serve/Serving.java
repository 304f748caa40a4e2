package org.kvant.cli.serve;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kvant.chat.ModelPrompts;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.cli.terminal.SetupHint;
import org.kvant.cli.terminal.StopSignals;
import org.kvant.engine.host.ModelHost;
import org.kvant.engine.host.ModelRegistry;
import org.kvant.engine.host.ModelSpec;
import org.kvant.engine.host.ModelState;
import org.kvant.engine.host.ServedModel;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.ThreadCounts;
import org.kvant.http.HttpOptions;
import org.kvant.http.HttpService;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.KvCache;
import org.kvant.model.ByteSize;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.EngineMetrics;
import org.kvant.monitoring.otlp.OtlpEndpoint;
import org.kvant.monitoring.otlp.OtlpExport;
import picocli.CommandLine.ExitCode;

/** One run of the server: HTTP, so that probes are answered while models load, beside the models; then waiting for the end. */
final class Serving implements AutoCloseable {
    private static final long LOOK_MILLIS = 200;
    /** After the last generation has ended, what a slow reader gets to take the rest. */
    private static final Duration LAST_BYTES = Duration.ofSeconds(5);
    /** Loading less takes no time worth a progress bar. */
    private static final long WORTH_A_BAR = 256L << 20;

    private final PrintWriter out;
    private final PrintWriter err;
    private final List<ModelToServe> models;
    private final StopSignals signals;
    private final Groundwork groundwork;
    private final @Nullable String otlpEndpoint;
    private final ModelHost host = new ModelHost();
    private final Map<String, ModelPrompts> prompts = new LinkedHashMap<>();
    private @Nullable OtlpExport export;
    private volatile @Nullable HttpService http;
    /** HTTP can't be had, so the models aren't needed. */
    private volatile boolean abandoned;

    private @Nullable ModelRegistry registry;

    /**
     * @param models at least one
     * @param groundwork stays the caller's
     * @param otlpEndpoint where metrics and traces are sent; null for what the environment says
     */
    Serving(
            PrintWriter out,
            PrintWriter err,
            List<ModelToServe> models,
            Groundwork groundwork,
            @Nullable String otlpEndpoint) {
        this.out = out;
        this.err = err;
        this.models = models;
        this.groundwork = groundwork;
        this.otlpEndpoint = otlpEndpoint;
        signals = StopSignals.install(this::stopAsked);
    }

    /** Returns the exit code when the server has stopped. */
    int run(HttpOptions options, Duration drainTimeout) throws IOException, InterruptedException {
        String version = BuildInfo.of("").version();
        // Setting up HTTP takes about as long as loading a small model: both at a time.
        CompletableFuture<HttpService> starting = background(
                "kvant-http",
                () -> HttpService.start(options.withFingerprint("kvant-" + version), groundwork, groundwork.http()));
        HttpService service;
        ModelRegistry loading;
        List<ModelRegistry.Lease> leases = new ArrayList<>();
        try (ProgressBar bar = new ProgressBar()) {
            List<EngineMetrics> metrics = new ArrayList<>();
            List<ModelSpec> specs = new ArrayList<>();
            for (ModelToServe model : models) {
                EngineMetrics meters = groundwork.await().engine(model.name());
                metrics.add(meters);
                sayWhatIsLoaded(model);
                specs.add(ModelSpec.of(model.name(), model.file(), watched(model, bar), meters));
            }
            loading = new ModelRegistry(host, specs);
            registry = loading;
            for (int i = 0; i < models.size(); i++) {
                leases.add(loading.lease(models.get(i).name()));
                metrics.get(i).watch(leases.get(i).model()::snapshot);
            }
            service = listening(starting);
            if (otlpEndpoint != null || OtlpEndpoint.configured(System.getenv())) {
                export = OtlpExport.start(
                        groundwork.await(), BuildInfo.of(""), otlpEndpoint, options.host(), service.port());
            }
            for (int i = 0; i < models.size(); i++) {
                ServedModel model = leases.get(i).model();
                ModelPrompts chats = new ModelPrompts(
                        model::templates,
                        model::applyChatTemplate,
                        models.get(i).chatTemplate());
                prompts.put(model.name(), chats);
                service.attach(model, chats);
            }
            for (ModelRegistry.Lease lease : leases) {
                while (lease.await(Duration.ofMillis(LOOK_MILLIS)) == ModelState.LOADING && !anyFailed(loading)) {
                    // until it is settled
                }
            }
        } catch (IOException | RuntimeException e) {
            // Whatever failed: what HTTP holds is given back.
            starting.whenComplete((opened, failure) -> {
                if (failure == null && opened != http) {
                    opened.close();
                }
            });
            throw e;
        }
        // One that can't be loaded is a mistake of whoever starts the server, who is there to hear of it; later the
        // others go on.
        if (!anyFailed(loading) && anyIn(loading, ModelState.READY)) {
            sayReady(loading, options, service.port());
            waitForTheEnd(loading);
        }
        if (signals.asked()) {
            service.refuseNew();
            leases.forEach(ModelRegistry.Lease::close);
            loading.drain(drainTimeout);
            boolean unused = service.awaitAnswers(LAST_BYTES);
            say("Stopped.");
            return ExitCode.OK;
        }
        return failed(loading);
    }

    private EngineOptions watched(ModelToServe model, ProgressBar bar) throws IOException {
        long bytes = Files.size(model.file());
        return model.options().toBuilder()
                .model(model.options().model().withProgress(fraction -> loading(bar, bytes, fraction)))
                .build();
    }

    private static boolean anyFailed(ModelRegistry registry) {
        return anyIn(registry, ModelState.FAILED);
    }

    private static boolean anyIn(ModelRegistry registry, ModelState state) {
        return registry.all().stream().anyMatch(model -> model.state() == state);
    }

    /** Waits for HTTP; a port that can't be had ends the loading of the model too. */
    private HttpService listening(CompletableFuture<HttpService> starting) throws IOException {
        try {
            HttpService service = starting.join();
            http = service;
            return service;
        } catch (CompletionException e) {
            abandoned = true;
            if (e.getCause() instanceof UncheckedIOException cause) {
                throw cause.getCause();
            }
            throw e;
        }
    }

    private interface Start<T> {
        T run() throws IOException;
    }

    private static <T> CompletableFuture<T> background(String name, Start<T> work) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return work.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> Thread.ofPlatform().name(name).daemon().start(task));
    }

    /** As long as some model answers. */
    private void waitForTheEnd(ModelRegistry running) throws InterruptedException {
        boolean asked = false;
        while (!asked && anyIn(running, ModelState.READY)) {
            asked = signals.await(LOOK_MILLIS);
        }
    }

    private int failed(ModelRegistry registry) {
        int code = ExitCode.SOFTWARE;
        for (ServedModel model : registry.all()) {
            Throwable cause = model.failure();
            if (cause != null) {
                err.println("kvant serve: " + SetupHint.describe(cause));
                code = cause instanceof IOException ? ExitCode.USAGE : ExitCode.SOFTWARE;
            }
        }
        err.flush();
        return code;
    }

    /** On the loading thread. */
    private void loading(ProgressBar bar, long bytes, double fraction) {
        if (signals.asked() || abandoned) {
            throw new CancellationException("stopped while loading");
        }
        if (bytes >= WORTH_A_BAR) {
            bar.step("loading", (long) (bytes * fraction), bytes);
        }
    }

    private void stopAsked() {
        HttpService service = http;
        if (service != null) {
            service.refuseNew();
        }
        say("Finishing what is running; Ctrl-C again stops at once.");
    }

    private void sayWhatIsLoaded(ModelToServe model) throws IOException {
        KvCache cache = model.cache();
        ContextOptions context = model.options().context();
        say("Loading " + model.file() + " (" + ByteSize.text(Files.size(model.file())) + ") as '" + model.name() + "'");
        say(String.format(
                Locale.ROOT,
                "KV cache: %s for %d tokens in %d sequences (K %s %s, V %s %s)",
                ByteSize.text(cache.bytes()),
                cache.cells(),
                context.maxSequences(),
                context.cacheTypeK().ggmlName(),
                ByteSize.text(cache.bytesK()),
                context.cacheTypeV().ggmlName(),
                ByteSize.text(cache.bytesV())));
    }

    private void sayReady(ModelRegistry ready, HttpOptions options, int port) {
        String url = CurlLine.url(options.host(), port);
        boolean several = models.size() > 1;
        for (ServedModel model : ready.all()) {
            String prefix = several ? model.name() + ": " : "";
            say(prefix + prompts(model).note());
            ThreadCounts threads = model.threads();
            say(prefix + "Threads: " + threads.tokens() + " for tokens, " + threads.prompts() + " for prompts");
            if (several) {
                say(prefix + model.info().description() + ", " + model.info().sequenceContext()
                        + " tokens for each request");
            }
        }
        ServedModel first = ready.first();
        say(String.format(
                Locale.ROOT,
                "Ready on %s after %.2f s: %s%n%nTry:%n  %s%n",
                url,
                secondsSinceStart(),
                several
                        ? models.size() + " models, " + first.name() + " where a request names none"
                        : first.info().description() + ", " + first.info().sequenceContext()
                                + " tokens for each request",
                CurlLine.of(
                        url,
                        first.name(),
                        options.apiKey() != null,
                        prompts(first).work())));
    }

    private ModelPrompts prompts(ServedModel model) {
        return Objects.requireNonNull(prompts.get(model.name()));
    }

    /** The JVM's own clock: the system's notes of a process's start are rounded to whole seconds in places. */
    private static double secondsSinceStart() {
        return (System.currentTimeMillis()
                        - ManagementFactory.getRuntimeMXBean().getStartTime())
                / 1e3;
    }

    private void say(String line) {
        synchronized (out) {
            out.println(line);
            out.flush();
        }
    }

    @Override
    public void close() {
        if (registry != null) {
            registry.close();
        }
        host.close();
        HttpService service = http;
        if (service != null) {
            service.close();
        }
        if (export != null) {
            export.close();
        }
    }
}
