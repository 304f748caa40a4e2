package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.MetricsSource;
import org.kvant.chat.ModelPrompts;
import org.kvant.engine.Engine;
import org.kvant.engine.host.ServedModel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server. It listens before there is a model, so that {@code /health} and {@code /ready} answer while one is loading; {@link #attach}
 * gives it the engine. One event loop serves all connections; parsing, templates and tokenizing run on a few workers.
 */
public final class HttpService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpService.class);
    private static final Duration STARTING = Duration.ofSeconds(30);
    private static final Duration STOPPING = Duration.ofSeconds(5);
    private static final int WORKERS = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 8);

    private final Vertx vertx;
    private final HttpServer server;
    private final Inflight inflight;
    private final ServedModels served;

    private HttpService(Vertx vertx, HttpServer server, Inflight inflight, ServedModels served) {
        this.vertx = vertx;
        this.server = server;
        this.inflight = inflight;
        this.served = served;
    }

    /** @throws IOException if the address cannot be listened on; the message says which and why */
    public static HttpService start(HttpOptions options, MetricsSource metrics) throws IOException {
        return start(options, metrics, HttpListener.NONE);
    }

    /** The same with a listener. */
    public static HttpService start(HttpOptions options, MetricsSource metrics, HttpListener listener)
            throws IOException {
        return start(options, WireFormats.all(), metrics, listener);
    }

    /** The same with other wire formats. */
    public static HttpService start(
            HttpOptions options, WireFormats formats, MetricsSource metrics, HttpListener listener) throws IOException {
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                // Nothing is served from files; this keeps Vert.x from making a cache folder.
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        try {
            Inflight inflight = new Inflight();
            ServedModels served = new ServedModels(options.modelIds(), inflight);
            WorkerExecutor workers = vertx.createSharedWorkerExecutor("kvant-request", WORKERS, 10, TimeUnit.MINUTES);
            ConnectionGuard guard = new ConnectionGuard(vertx, options.keepAlive());
            Refusals refusals = new Refusals(listener);
            HttpServer server = vertx.createHttpServer(serverOptions(options))
                    .connectionHandler(guard::opened)
                    .requestHandler(
                            Routes.create(vertx, options, formats, workers, served, inflight, metrics, guard, refusals))
                    .invalidRequestHandler(request -> Routes.invalid(request, refusals));
            await(server.listen(), STARTING);
            return new HttpService(vertx, server, inflight, served);
        } catch (IOException e) {
            vertx.close();
            throw explain(e, options);
        } catch (RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    private static HttpServerOptions serverOptions(HttpOptions options) {
        HttpServerOptions server = new HttpServerOptions()
                .setHost(options.host())
                .setPort(options.port())
                .setMaxHeaderSize(32 << 10)
                .setMaxInitialLineLength(8 << 10)
                // Requests of megabytes in chunks of 8 KiB would be thousands of events.
                .setMaxChunkSize(64 << 10)
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        ConnectionGuard.limitSilence(server, options.requestTimeout());
        return server;
    }

    /** The port that is listened on, also if 0 was asked for. */
    public int port() {
        return server.actualPort();
    }

    /** Serves this engine from now on, as soon as it is ready. */
    public void attach(Engine engine) {
        attach(engine, new ModelPrompts(engine::templates, engine::applyChatTemplate, null));
    }

    /** The same with prompts of chats by {@code prompts}. */
    public void attach(Engine engine, ModelPrompts prompts) {
        attach(new EngineInference(engine, prompts));
    }

    /**
     * Serves a model of a registry from now on, as soon as it is ready.
     *
     * @throws IllegalArgumentException if the options don't have its name
     */
    public void attach(ServedModel model, ModelPrompts prompts) {
        for (ServedEngine place : served.all()) {
            if (place.name().equals(model.name())) {
                place.attach(new ModelInference(model, prompts));
                return;
            }
        }
        throw new IllegalArgumentException("no model of this server is called '" + model.name() + "'");
    }

    void attach(Inference inference) {
        served.first().attach(inference);
    }

    /** From now on new generations get a 503, and {@code /ready} says so; the ones under way go on. */
    public void refuseNew() {
        inflight.drain();
    }

    /**
     * Waits until the last byte of every answer is out. The engine must have been drained, or this may wait for what it is still generating.
     *
     * @return false if the time ran out first
     */
    public boolean awaitAnswers(Duration timeout) throws InterruptedException {
        return inflight.awaitNone(timeout);
    }

    /** Stops listening and closes all connections. Closing again does nothing. */
    @Override
    public void close() {
        try {
            await(vertx.close(), STOPPING);
        } catch (IOException e) {
            LOG.warn("The HTTP server did not stop cleanly: {}", e.getMessage());
        }
    }

    private static void await(Future<?> future, Duration timeout) throws IOException {
        try {
            future.toCompletionStage().toCompletableFuture().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw cause instanceof IOException io ? io : new IOException(cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + timeout.toSeconds() + " seconds", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static IOException explain(IOException cause, HttpOptions options) {
        String address = options.host() + ":" + options.port();
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof BindException && message.contains("already in use")) {
            return new IOException(
                    "Port " + options.port() + " on " + options.host()
                            + " is in use by another program: stop that, or choose another port with --port (0 takes a free one)",
                    cause);
        }
        return new IOException("Cannot listen on " + address + ": " + message + "; check --host and --port", cause);
    }
}
