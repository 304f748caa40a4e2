package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvant.api.watch.MetricsSource;

/** Routes, states, refusals: everything that ends before a generation. */
class RoutesTest {

    @Test
    void tellsItsStateFromTheStart() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options)) {
            assertThat(server.get("/health").statusCode()).isEqualTo(503);
            assertThat(server.get("/health").body())
                    .isEqualTo(
                            "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}");
            HttpResponse<String> ready = server.get("/ready");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(ready.body()).isEqualTo("{\"status\":\"loading\",\"model\":\"m.gguf\"}");
            HttpResponse<String> early = server.post("/v1/completions", "{\"prompt\":\"a\"}");
            assertThat(early.statusCode()).isEqualTo(503);
            assertThat(early.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(early.body()).contains("still loading").contains("\"code\":\"service_unavailable\"");
            assertThat(server.get("/v1/models").statusCode()).isEqualTo(503);
            assertThat(server.get("/metrics").statusCode()).isEqualTo(200);

            server.service.attach(server.engine);
            assertThat(server.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
            assertThat(server.get("/ready").body()).isEqualTo("{\"status\":\"ready\",\"model\":\"m.gguf\"}");
            assertThat(server.get("/ready").statusCode()).isEqualTo(200);

            server.service.refuseNew();
            assertThat(server.get("/ready").statusCode()).isEqualTo(503);
            assertThat(server.get("/ready").body()).contains("draining");
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            assertThat(server.post("/v1/completions", "{\"prompt\":\"a\"}").statusCode())
                    .isEqualTo(503);
        }
    }

    @Test
    void listsItsModel() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            assertThat(server.get("/v1/models").body())
                    .startsWith("{\"object\":\"list\",\"data\":[{\"id\":\"m.gguf\",\"object\":\"model\",\"created\":")
                    .contains("\"owned_by\":\"kvant\"")
                    .contains("\"n_ctx\":64");
            assertThat(server.get("/v1/models/m.gguf").body()).startsWith("{\"id\":\"m.gguf\",\"object\":\"model\"");
            HttpResponse<String> other = server.get("/v1/models/org/other");
            assertThat(other.statusCode()).isEqualTo(404);
            assertThat(other.body()).contains("'org/other'").contains("\"code\":\"model_not_found\"");
        }
    }

    @Test
    void showsMetrics() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            HttpResponse<String> metrics =
                    server.send(server.request("/metrics").header("Accept", "text/x"));
            assertThat(metrics.body()).isEqualTo("accepts text/x, names null\n");
            assertThat(server.get("/metrics?names=vllm").body()).endsWith("names vllm\n");
            HttpResponse<String> unknown = server.get("/metrics?names=other");
            assertThat(unknown.statusCode()).isEqualTo(400);
            assertThat(unknown.body()).contains("no 'other'").contains("\"param\":\"names\"");
            assertThat(metrics.headers().firstValue("Content-Type")).hasValue("text/plain; version=0.0.4");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /v1/nothing, 404, unknown_url",
        "POST, /, 405, method_not_supported",
        "POST, /v1/embeddings, 404, unknown_url",
        "GET, /v1/completions, 405, method_not_supported",
        "DELETE, /v1/chat/completions, 405, method_not_supported",
        "POST, /v1/models, 405, method_not_supported",
        "POST, /health, 405, method_not_supported",
        "OPTIONS, /v1/chat/completions, 405, method_not_supported"
    })
    void refusesOtherRoutesInOpenAisShape(String method, String path, int status, String code) throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            HttpResponse<String> response = server.send(server.request(path)
                    .header("Origin", "https://evil.example")
                    .method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(response.statusCode()).isEqualTo(status);
            assertThat(response.body()).startsWith("{\"error\":{\"message\":\"").contains("\"code\":\"" + code + "\"");
            assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
            assertThat(response.headers().firstValue("Allow").isPresent()).isEqualTo(status == 405);
            assertThat(response.headers().map().keySet()).noneMatch(name -> name.startsWith("access-control"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"prompt\":\"a\",\"model\":\"gpt-4\"}; 404; \"param\":\"model\",\"code\":\"model_not_found\"",
                "{\"prompt\":\"a\",; 400; \"code\":\"invalid_json\"",
                "{\"prompt\":\"a\",\"n\":0}; 400; \"param\":\"n\",\"code\":\"value_below_minimum\"",
                "{\"prompt\":[1,1000]}; 400; \"param\":\"prompt[1]\",\"code\":\"invalid_token\"",
                "{\"prompt\":[[1],[2,5000]]}; 400; \"param\":\"prompt[1][1]\",\"code\":\"invalid_token\"",
                "{\"prompt\":\"\"}; 400; \"param\":\"prompt\",\"code\":\"invalid_value\"",
                "{\"prompt\":\"0123456789012345678901234567890123456789012345678901234567890123\"}; 400; \"param\":\"prompt\",\"code\":\"context_length_exceeded\""
            })
    void refusesBadCompletions(String body, int status, String hint) throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            HttpResponse<String> response = server.post("/v1/completions", body);
            assertThat(response.statusCode()).isEqualTo(status);
            assertThat(response.body()).contains(hint);
            assertThat(server.engine.nothingSubmitted()).isTrue();
        }
    }

    @Test
    void refusesAChatLongerThanTheContext() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            HttpResponse<String> response = server.post(
                    "/v1/chat/completions",
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"" + "x".repeat(64) + "\"}]}");
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("\"param\":\"messages\",\"code\":\"context_length_exceeded\"");
        }
    }

    @Test
    void refusesWhatCannotFitWithoutCountingItsTokens() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            HttpResponse<String> response =
                    server.post("/v1/completions", "{\"prompt\":[\"a\",\"" + "x".repeat(100_000) + "\"]}");
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body())
                    .contains("'prompt[1]' has 100000 characters")
                    .contains("context_length_exceeded");
            HttpResponse<String> pieces =
                    server.post("/tokenize", "{\"with_pieces\":true,\"content\":\"" + "x".repeat(500_001) + "\"}");
            assertThat(pieces.statusCode()).isEqualTo(400);
            assertThat(pieces.body()).contains("500001 tokens");
        }
    }

    @Test
    void asksForTheKeyExceptWhereProbesCome() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withApiKey("s3cret"))) {
            server.service.attach(server.engine);
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            assertThat(server.get("/ready").statusCode()).isEqualTo(200);
            assertThat(server.get("/").statusCode()).isEqualTo(200);
            for (String path : new String[] {"/metrics", "/v1/models", "/nothing"}) {
                assertThat(server.get(path).statusCode()).isEqualTo(401);
            }
            HttpResponse<String> refused = server.post("/tokenize", "{\"content\":\"a\"}");
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.body()).contains("\"code\":\"invalid_api_key\"");
            for (String wrong : new String[] {"Bearer s3cre", "Bearer S3CRET", "Bearer ", "Basic s3cret", "s3cret"}) {
                assertThat(server.send(server.request("/v1/models").header("Authorization", wrong))
                                .statusCode())
                        .isEqualTo(401);
            }
            for (String right : new String[] {"Bearer s3cret", "bearer s3cret"}) {
                assertThat(server.send(server.request("/v1/models").header("Authorization", right))
                                .statusCode())
                        .isEqualTo(200);
            }
            assertThat(server.send(server.request("/v1/models").header("X-Api-Key", "s3cret"))
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void tokenizesAndBack() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            assertThat(server.post("/tokenize", "{\"content\":[\"ab\",7]}").body())
                    .isEqualTo("{\"tokens\":[97,98,7]}");
            assertThat(server.post("/tokenize", "{\"content\":\"a\",\"with_pieces\":true}")
                            .body())
                    .isEqualTo("{\"tokens\":[{\"id\":97,\"piece\":\"a\"}]}");
            assertThat(server.post("/detokenize", "{\"tokens\":[97,98]}").body())
                    .isEqualTo("{\"content\":\"ab\"}");
            assertThat(server.post("/detokenize", "{\"tokens\":[1000]}").body()).contains("tokens[0]");
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            assertThatThrownBy(() -> HttpService.start(
                            HttpOptions.of("127.0.0.1", server.port(), "m"),
                            (_, _) -> new MetricsSource.Scrape("text/plain", new byte[0])))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("Port " + server.port() + " on 127.0.0.1 is in use");
        }
    }
}
