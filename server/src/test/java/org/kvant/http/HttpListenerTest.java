package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.TraceParent;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;

/** What the listener of a real server is told. */
class HttpListenerTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    private final List<String> told = new CopyOnWriteArrayList<>();
    private final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
    private RealServer server;

    private final class Listener implements HttpListener {
        @Override
        public void templateRendered(long nanos) {
            told.add("template" + (nanos > 0 ? "" : " " + nanos));
        }

        @Override
        public void tokenized(long nanos) {
            told.add("tokenized" + (nanos > 0 ? "" : " " + nanos));
        }

        @Override
        public void grammarCompiled(long nanos) {
            told.add("grammar" + (nanos > 0 ? "" : " " + nanos));
        }

        @Override
        public void refused(ApiError error) {
            told.add("refused " + error.status() + " " + error.code());
        }

        @Override
        public void began(Exchange exchange) {
            exchanges.add(exchange);
            told.add("began");
        }

        @Override
        public void generated(Exchange exchange, int index, GenerationRequest request, Finish finish) {
            told.add("generated " + index + " " + finish.reason());
        }

        @Override
        public void ended(Exchange exchange, @Nullable ApiError error) {
            told.add("ended" + (error == null ? "" : " " + error.code()));
        }
    }

    @BeforeEach
    void start() throws Exception {
        server = new RealServer(1, 4, options -> options.withApiKey("key").withMaxBodyBytes(4096), new Listener());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.url() + path)).header("X-Api-Key", "key");
    }

    private String post(String path, String body) throws Exception {
        return server.client()
                .send(
                        request(path)
                                .header("traceparent", "00-" + TRACE + "-00f067aa0ba902b7-01")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void aChatFromItsTemplateToItsEnd() throws Exception {
        String answer = post(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"A story\"}],\"max_tokens\":3,\"ignore_eos\":true}");

        Awaitility.await().until(() -> told.contains("ended"));
        assertThat(told).containsExactly("template", "tokenized", "began", "generated 0 LENGTH", "ended");
        Exchange exchange = exchanges.getFirst();
        assertThat(answer).contains(exchange.id());
        assertThat(exchange.operation()).isEqualTo("chat");
        assertThat(exchange.model()).isEqualTo(RealServer.MODEL);
        assertThat(exchange.parent()).isEqualTo(new TraceParent(TRACE, "00f067aa0ba902b7", true));
        assertThat(exchange.arrivedNanos()).isLessThan(System.nanoTime());
        assertThat(exchange.request().maxTokens()).isEqualTo(3);
    }

    @Test
    void severalTextsAndAGrammar() throws Exception {
        post(
                "/v1/completions",
                "{\"prompt\":[\"A\",\"B\"],\"n\":2,\"max_tokens\":3,\"grammar\":\"root ::= [a-z ]+\",\"seed\":1}");

        Awaitility.await().until(() -> told.contains("ended"));
        assertThat(told.subList(0, 4)).containsExactly("tokenized", "tokenized", "grammar", "began");
        assertThat(told.subList(4, told.size() - 1))
                .hasSize(4)
                .allMatch(line -> line.matches("generated [0-3] (STOP|LENGTH)"))
                .doesNotHaveDuplicates();
        assertThat(told.getLast()).isEqualTo("ended");
        assertThat(exchanges.getFirst().generations()).isEqualTo(4);
    }

    @Test
    void refusalsOfEveryKind() throws Exception {
        post("/v1/completions", "{");
        post("/v1/completions", "{\"prompt\":\"a\",\"n\":0}");
        post("/v1/completions", "{\"prompt\":\"" + "word ".repeat(600) + "\"}");
        post("/v1/completions", "{\"prompt\":\"" + "word ".repeat(1000) + "\"}");
        post("/tokenize", "{");
        post("/nothing", "");
        post("/v1/models", "");
        server.client()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + "/v1/models"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        server.client().send(request("/health").build(), HttpResponse.BodyHandlers.ofString());

        assertThat(told)
                .filteredOn(line -> !line.equals("tokenized"))
                .containsExactly(
                        "refused 400 invalid_json",
                        "refused 400 value_below_minimum",
                        "refused 400 context_length_exceeded",
                        "refused 413 request_too_large",
                        "refused 400 invalid_json",
                        "refused 404 unknown_url",
                        "refused 405 method_not_supported",
                        "refused 401 invalid_api_key");
        assertThat(exchanges).isEmpty();
    }

    @Test
    void aTimeoutAndAClientThatLeaves() throws Exception {
        assertThat(post("/v1/completions", "{\"prompt\":\"a\",\"timeout\":0.001,\"ignore_eos\":true}"))
                .contains("timeout");
        Awaitility.await().until(() -> told.stream().anyMatch(line -> line.startsWith("ended")));
        assertThat(told).containsExactly("tokenized", "began", "generated 0 TIMEOUT", "ended timeout");
        assertThat(server.outcomes.values()).containsExactly(org.kvant.engine.request.Outcome.TIMEOUT);

        told.clear();
        for (int attempt = 0; attempt < 30 && !told.contains("generated 0 CANCELLED"); attempt++) {
            told.clear();
            HttpResponse<InputStream> answer = server.client()
                    .send(
                            request("/v1/completions")
                                    .POST(HttpRequest.BodyPublishers.ofString(
                                            "{\"prompt\":\"a\",\"ignore_eos\":true,\"stream\":true}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofInputStream());
            answer.body().close();
            Awaitility.await()
                    .until(() -> told.contains("ended") && told.toString().contains("generated 0"));
        }
        // It ends when the client leaves; the engine notices at its next step.
        assertThat(told).containsExactlyInAnyOrder("tokenized", "began", "generated 0 CANCELLED", "ended");
    }
}
