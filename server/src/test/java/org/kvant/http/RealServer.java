package org.kvant.http;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.MetricsSource;
import org.kvant.engine.Engine;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.testkit.DemoModel;

/** The demo model behind the real engine and HTTP server, and a client that asks for the upgrade to HTTP/2 as the JDK's does. */
final class RealServer implements AutoCloseable {
    static final String MODEL = "demo";

    final Engine engine;
    final HttpService service;
    /** How each finished request ended. */
    final ConcurrentHashMap<String, Outcome> outcomes = new ConcurrentHashMap<>();

    private final HttpClient client = HttpClient.newHttpClient();

    RealServer(int sequences, int queue) throws IOException, InterruptedException {
        this(sequences, queue, UnaryOperator.identity(), HttpListener.NONE);
    }

    RealServer(int sequences, int queue, UnaryOperator<HttpOptions> http, HttpListener listener)
            throws IOException, InterruptedException {
        service = HttpService.start(
                http.apply(HttpOptions.of("127.0.0.1", 0, MODEL).withFingerprint("kvant-test")),
                (_, _) -> new MetricsSource.Scrape("text/plain", new byte[0]),
                listener);
        engine = Engine.start(
                DemoModel.file(),
                EngineOptions.builder()
                        .natives(DemoModel.natives())
                        .context(EngineOptions.defaultContext()
                                .maxSequences(sequences)
                                .threads(1)
                                .build())
                        .queueCapacity(queue)
                        .build(),
                new EngineListener() {
                    @Override
                    public void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {
                        outcomes.put(id, outcome);
                    }
                });
        service.attach(engine);
        if (engine.awaitReady(Duration.ofMinutes(1)) != EngineState.READY) {
            throw new IllegalStateException("The engine is " + engine.state(), engine.failure());
        }
    }

    int port() {
        return service.port();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    HttpRequest request(String path, String body) {
        return HttpRequest.newBuilder(URI.create(url() + path))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return client.send(request(path, body), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    HttpClient client() {
        return client;
    }

    @Override
    public void close() {
        client.close();
        engine.close();
        service.close();
    }
}
