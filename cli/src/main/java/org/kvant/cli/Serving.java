package org.kvant.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.Engine;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ThreadCounts;
import org.kvant.http.HttpOptions;
import org.kvant.http.HttpService;
import org.kvant.http.ModelPrompts;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.KvCache;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.EngineMetrics;
import org.kvant.monitoring.otlp.OtlpEndpoint;
import org.kvant.monitoring.otlp.OtlpExport;
import picocli.CommandLine.ExitCode;

/** One run of the server: HTTP, so that probes are answered while the model loads, beside the engine; then waiting for the end. */
final class Serving implements AutoCloseable {
    private static final long LOOK_MILLIS = 200;
    /** After the last generation has ended, what a slow reader gets to take the rest. */
    private static final Duration LAST_BYTES = Duration.ofSeconds(5);
    /** Loading less takes no time worth a progress bar. */
    private static final long WORTH_A_BAR = 256L << 20;

    private final PrintWriter out;
    private final PrintWriter err;
    private final Path file;
    private final String modelId;
    private final KvCache cache;
    private final StopSignals signals;
    private final Groundwork groundwork;
    private final @Nullable String otlpEndpoint;
    private @Nullable OtlpExport export;
    private volatile @Nullable HttpService http;
    /** HTTP can't be had, so the model isn't needed. */
    private volatile boolean abandoned;

    private @Nullable Engine engine;
    private @Nullable ModelPrompts prompts;

    /**
     * @param groundwork stays the caller's
     * @param otlpEndpoint where metrics and traces are sent; null for what the environment says
     */
    Serving(
            PrintWriter out,
            PrintWriter err,
            Path file,
            String modelId,
            Groundwork groundwork,
            KvCache cache,
            @Nullable String otlpEndpoint) {
        this.out = out;
        this.err = err;
        this.file = file;
        this.modelId = modelId;
        this.cache = cache;
        this.groundwork = groundwork;
        this.otlpEndpoint = otlpEndpoint;
        signals = StopSignals.install(this::stopAsked);
    }

    /**
     * Returns the exit code when the server has stopped.
     *
     * @param chatTemplate used instead of the model's own; null for that
     */
    int run(HttpOptions options, EngineOptions engineOptions, @Nullable String chatTemplate, Duration drainTimeout)
            throws IOException, InterruptedException {
        String version = BuildInfo.of("").version();
        // Setting up HTTP takes about as long as loading a small model: both at a time.
        CompletableFuture<HttpService> starting = background(
                "kvant-http",
                () -> HttpService.start(options.withFingerprint("kvant-" + version), groundwork, groundwork.http()));
        HttpService service;
        try (ProgressBar bar = new ProgressBar()) {
            EngineMetrics metrics = groundwork.await().engine(modelId);
            sayWhatIsLoaded(engineOptions.context());
            long bytes = Files.size(file);
            EngineOptions watched = engineOptions.toBuilder()
                    .model(engineOptions.model().withProgress(fraction -> loading(bar, bytes, fraction)))
                    .build();
            Engine started = Engine.start(file, watched, metrics);
            engine = started;
            metrics.watch(started::snapshot);
            ModelPrompts chats = new ModelPrompts(started, chatTemplate);
            prompts = chats;
            service = listening(starting);
            if (otlpEndpoint != null || OtlpEndpoint.configured(System.getenv())) {
                export = OtlpExport.start(
                        groundwork.await(), BuildInfo.of(""), otlpEndpoint, options.host(), service.port());
            }
            service.attach(started, chats);
            while (started.state() == EngineState.LOADING) {
                EngineState unused = started.awaitReady(Duration.ofMillis(LOOK_MILLIS));
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
        if (engine.state() == EngineState.READY) {
            sayReady(engine, options, service.port());
            waitForTheEnd(engine);
        }
        if (signals.asked()) {
            service.refuseNew();
            engine.drain(drainTimeout);
            boolean unused = service.awaitAnswers(LAST_BYTES);
            say("Stopped.");
            return ExitCode.OK;
        }
        return failed(engine.failure());
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

    private void waitForTheEnd(Engine running) throws InterruptedException {
        boolean asked = false;
        while (!asked && running.state() == EngineState.READY) {
            asked = signals.await(LOOK_MILLIS);
        }
    }

    private int failed(@Nullable Throwable cause) {
        String message = cause == null || cause.getMessage() == null ? String.valueOf(cause) : cause.getMessage();
        err.println("kvant serve: " + message);
        err.flush();
        return cause instanceof IOException ? ExitCode.USAGE : ExitCode.SOFTWARE;
    }

    /** On the decode thread. */
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

    private void sayWhatIsLoaded(ContextOptions context) throws IOException {
        say("Loading " + file + " (" + ProgressBar.bytes(Files.size(file)) + ") as '" + modelId + "'");
        say(String.format(
                Locale.ROOT,
                "KV cache: %s for %d tokens in %d sequences (K %s %s, V %s %s)",
                ProgressBar.bytes(cache.bytes()),
                cache.cells(),
                context.maxSequences(),
                context.cacheTypeK().ggmlName(),
                ProgressBar.bytes(cache.bytesK()),
                context.cacheTypeV().ggmlName(),
                ProgressBar.bytes(cache.bytesV())));
    }

    private void sayReady(Engine ready, HttpOptions options, int port) {
        ModelInfo model = ready.model();
        String url = CurlLine.url(options.host(), port);
        ModelPrompts chats = Objects.requireNonNull(prompts);
        say(chats.note());
        ThreadCounts threads = ready.threads();
        say("Threads: " + threads.tokens() + " for tokens, " + threads.prompts() + " for prompts");
        say(String.format(
                Locale.ROOT,
                "Ready on %s after %.2f s: %s, %d tokens for each request%n%nTry:%n  %s%n",
                url,
                secondsSinceStart(),
                model.description(),
                model.sequenceContext(),
                CurlLine.of(url, modelId, options.apiKey() != null, chats.work())));
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
        if (engine != null) {
            engine.close();
        }
        HttpService service = http;
        if (service != null) {
            service.close();
        }
        if (export != null) {
            export.close();
        }
    }
}
