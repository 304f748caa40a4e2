package org.kvant.http;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.kvant.api.watch.MetricsSource;

/** The HTTP server before a {@link ScriptedInference}, and a client. */
final class ScriptedServer implements AutoCloseable {
    static final String MODEL = "m.gguf";

    final HttpService service;
    final ScriptedInference engine;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    ScriptedServer(int capacity, UnaryOperator<HttpOptions> options) throws IOException {
        engine = new ScriptedInference(capacity);
        service = HttpService.start(options.apply(HttpOptions.of("127.0.0.1", 0, MODEL)), ScriptedServer::scrape);
    }

    /** Ready, with default options. */
    static ScriptedServer ready() throws IOException {
        ScriptedServer server = new ScriptedServer(8, UnaryOperator.identity());
        server.service.attach(server.engine);
        return server;
    }

    private static MetricsSource.Scrape scrape(@Nullable String accept, @Nullable String names) {
        if ("other".equals(names)) {
            throw new IllegalArgumentException("no 'other'");
        }
        return new MetricsSource.Scrape(
                "text/plain; version=0.0.4",
                ("accepts " + accept + ", names " + names + "\n").getBytes(StandardCharsets.UTF_8));
    }

    int port() {
        return service.port();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> postLater(String path, String body) {
        return client.sendAsync(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        client.close();
        service.close();
    }
}
