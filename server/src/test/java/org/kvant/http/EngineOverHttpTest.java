package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.watch.EngineState;

/** The server with the demo model as a client sees it. */
class EngineOverHttpTest {
    private static RealServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new RealServer(4, 64);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonObject completion(JsonObject request) throws Exception {
        HttpResponse<String> response = server.post("/v1/completions", request.encode());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new JsonObject(response.body());
    }

    private static JsonObject greedy(String prompt, int tokens) {
        return new JsonObject().put("prompt", prompt).put("max_tokens", tokens).put("temperature", 0);
    }

    private static String text(JsonObject completion) {
        return completion.getJsonArray("choices").getJsonObject(0).getString("text");
    }

    /** The texts of a stream's events. */
    private static List<String> pieces(JsonObject request) throws Exception {
        HttpResponse<String> response = server.post(
                "/v1/completions", request.copy().put("stream", true).encode());
        assertThat(response.body()).endsWith("data: [DONE]\n\n");
        return Stream.of(response.body().split("\n\n"))
                .map(event -> event.substring("data: ".length()))
                .filter(event -> !event.equals("[DONE]"))
                .map(event -> text(new JsonObject(event)))
                .toList();
    }

    @Test
    void thirtyTwoClientsGetWhatOneAloneGets() throws Exception {
        List<JsonObject> requests = new ArrayList<>();
        List<String> alone = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            JsonObject request = greedy(
                            "Once upon a time there was a "
                                    + List.of("cat", "dog", "girl", "tree").get(i),
                            24)
                    .put("cache_prompt", false);
            requests.add(request);
            alone.add(text(completion(request)));
        }
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            answers.add(server.client()
                    .sendAsync(
                            server.request(
                                    "/v1/completions", requests.get(i % 4).encode()),
                            HttpResponse.BodyHandlers.ofString()));
        }
        for (int i = 0; i < 32; i++) {
            HttpResponse<String> answer = answers.get(i).get(60, TimeUnit.SECONDS);
            assertThat(answer.statusCode()).isEqualTo(200);
            // Batches of other shapes round differently, so a late token may differ; a mixed-up sequence differs at
            // once.
            assertThat(text(new JsonObject(answer.body())))
                    .startsWith(alone.get(i % 4).substring(0, 12));
        }
    }

    @Test
    void answersTheJdksUpgrade() throws Exception {
        HttpResponse<String> response =
                server.post("/v1/completions", greedy("The cat", 4).encode());
        assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
    }

    @Test
    void continuesTokensAsItContinuesTheirText() throws Exception {
        String prompt = "Once upon a time";
        JsonArray tokens = new JsonObject(server.post(
                                "/tokenize",
                                new JsonObject().put("content", prompt).encode())
                        .body())
                .getJsonArray("tokens");
        assertThat(new JsonObject(server.post(
                                        "/detokenize",
                                        new JsonObject().put("tokens", tokens).encode())
                                .body())
                        .getString("content"))
                .isEqualTo(prompt);
        assertThat(text(completion(greedy(prompt, 16).put("prompt", tokens))))
                .isEqualTo(text(completion(greedy(prompt, 16))));
    }

    @Test
    void aStopStringNeverLeaksWhereverItBegins() throws Exception {
        JsonObject request = greedy("Once upon a time", 40);
        String whole = text(completion(request));
        for (int from = 3; from + 5 <= whole.length(); from += 7) {
            String stop = whole.substring(from, from + 5);
            String expected = whole.substring(0, whole.indexOf(stop));
            JsonObject stopping = request.copy()
                    .put("stop", new JsonArray().add("never there").add(stop));
            JsonObject answer = completion(stopping);
            assertThat(text(answer)).isEqualTo(expected);
            assertThat(answer.getJsonArray("choices").getJsonObject(0).getString("finish_reason"))
                    .isEqualTo("stop");
            assertThat(String.join("", pieces(stopping))).isEqualTo(expected);
        }
    }

    @Test
    void streamsWholeCharacters() throws Exception {
        // At this temperature the small model spells bytes of all kinds.
        JsonObject wild = greedy("Once", 200)
                .put("temperature", 100)
                .put("top_k", 0)
                .put("top_p", 1)
                .put("min_p", 0)
                .put("seed", 3)
                .put("ignore_eos", true);
        List<String> pieces = pieces(wild);
        assertThat(String.join("", pieces)).isEqualTo(text(completion(wild)));
        for (String piece : pieces) {
            for (int i = 0; i < piece.length(); i++) {
                char c = piece.charAt(i);
                assertThat(Character.isLowSurrogate(c)).as(piece).isFalse();
                if (Character.isHighSurrogate(c)) {
                    i++;
                    assertThat(Character.isLowSurrogate(piece.charAt(i))).isTrue();
                }
            }
        }
    }

    @Test
    void generatesUpToTheContextsEnd() throws Exception {
        JsonObject answer = completion(greedy("Once upon a time", -1).put("ignore_eos", true));
        assertThat(answer.getJsonObject("usage").getInteger("total_tokens"))
                .isEqualTo(server.engine.model().sequenceContext());
        assertThat(answer.getJsonArray("choices").getJsonObject(0).getString("finish_reason"))
                .isEqualTo("length");
    }

    @Test
    void computesOnlyThePromptForNoTokens() throws Exception {
        JsonObject answer = completion(greedy("Once upon a time", 0));
        assertThat(text(answer)).isEmpty();
        assertThat(answer.getJsonObject("usage").getInteger("completion_tokens"))
                .isZero();
    }

    @Test
    void rendersTheModelsOwnTemplate() throws Exception {
        String messages = "{\"messages\":[{\"role\":\"user\",\"content\":\"cut \\u0000 here\"}]";
        HttpResponse<String> prompt = server.post("/apply-template", messages + "}");
        assertThat(new JsonObject(prompt.body()).getString("prompt"))
                .isEqualTo("<|im_start|>user\ncut \u0000 here<|im_end|>\n<|im_start|>assistant\n");
        HttpResponse<String> answer = server.post("/v1/chat/completions", messages + ",\"max_tokens\":4}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        int tokens = new JsonObject(answer.body()).getJsonObject("usage").getInteger("prompt_tokens");
        HttpResponse<String> tokenized = server.post(
                "/tokenize",
                new JsonObject()
                        .put("content", new JsonObject(prompt.body()).getString("prompt"))
                        .put("add_special", true)
                        .encode());
        assertThat(new JsonObject(tokenized.body()).getJsonArray("tokens")).hasSize(tokens);
    }

    @Test
    void refusesToolsThatTheTemplateHasNoPlaceFor() throws Exception {
        HttpResponse<String> response = server.post(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                        + "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("\"param\":\"tools\"");
    }

    @Test
    void completesATextWithANul() throws Exception {
        assertThat(text(completion(greedy("cut \u0000 here", 4)))).isNotNull();
    }

    @Test
    void countsCachedTokens() throws Exception {
        JsonObject request = greedy("A story that nobody else here asks for, about a very old clock.", 4);
        completion(request);
        JsonObject usage = completion(request).getJsonObject("usage");
        assertThat(usage.getJsonObject("prompt_tokens_details").getInteger("cached_tokens"))
                .isBetween(1, usage.getInteger("prompt_tokens"));
    }

    @Test
    void aClientThatLeavesFreesItsSequence() throws Exception {
        String body = greedy("Once upon a time", -1)
                .put("ignore_eos", true)
                .put("stream", true)
                .encode();
        // Left alone the text is some hundred tokens long; a busy machine may generate them before it sees the client
        // go, but not each time.
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            String id;
            try (RawConnection client = new RawConnection(server.port())) {
                client.send(RawConnection.post("/v1/completions", body));
                String line = client.line();
                while (!line.startsWith("data: ")) {
                    line = client.line();
                }
                id = new JsonObject(line.substring("data: ".length())).getString("id");
            }
            await().until(() -> server.outcomes.containsKey(id));
            return server.outcomes.get(id) == Outcome.CANCELLED;
        });
        assertThat(server.engine.snapshot().running()).isZero();
    }

    @Test
    void drainsToTheLastByte() throws Exception {
        try (RealServer own = new RealServer(2, 8)) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                answers.add(own.client()
                        .sendAsync(
                                own.request(
                                        "/v1/completions",
                                        greedy("Once upon a time", 60)
                                                .put("ignore_eos", true)
                                                .put("stream", i % 2 == 0)
                                                .encode()),
                                HttpResponse.BodyHandlers.ofString()));
            }
            await().until(() ->
                    own.engine.snapshot().running() + own.engine.snapshot().waiting() == 6
                            || answers.stream().anyMatch(CompletableFuture::isDone));
            own.service.refuseNew();
            own.engine.drain(Duration.ofSeconds(60));
            assertThat(own.service.awaitAnswers(Duration.ofSeconds(20))).isTrue();
            assertThat(own.engine.state()).isEqualTo(EngineState.STOPPED);
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                HttpResponse<String> response = answer.get(20, TimeUnit.SECONDS);
                if (response.statusCode() == 200) {
                    assertThat(response.body()).contains("\"finish_reason\":\"length\"");
                } else {
                    // It came after the refusal.
                    assertThat(response.statusCode()).isEqualTo(503);
                }
            }
            assertThat(answers.getFirst().get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aFullQueueAnswersTooManyRequests() throws Exception {
        try (RealServer own = new RealServer(1, 1)) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                answers.add(own.client()
                        .sendAsync(
                                own.request(
                                        "/v1/completions",
                                        greedy("Once upon a time", 200)
                                                .put("ignore_eos", true)
                                                .encode()),
                                HttpResponse.BodyHandlers.ofString()));
            }
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                statuses.add(answer.get(60, TimeUnit.SECONDS).statusCode());
            }
            assertThat(statuses).contains(200, 429).containsOnly(200, 429);
        }
    }
}
