package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Log probabilities, echo, grammars and several choices over real HTTP with the demo model. */
class SamplingOverHttpTest {
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

    private static JsonObject choice(JsonObject answer, int index) {
        return answer.getJsonArray("choices").getJsonObject(index);
    }

    private static JsonObject greedy(Object prompt, int tokens) {
        return new JsonObject().put("prompt", prompt).put("max_tokens", tokens).put("temperature", 0);
    }

    private static JsonArray tokens(String text) throws Exception {
        return new JsonObject(server.post(
                                "/tokenize",
                                new JsonObject()
                                        .put("content", text)
                                        .put("add_special", false)
                                        .encode())
                        .body())
                .getJsonArray("tokens");
    }

    private static List<JsonObject> events(String path, JsonObject request) throws Exception {
        HttpResponse<String> response =
                server.post(path, request.copy().put("stream", true).encode());
        assertThat(response.body()).endsWith("data: [DONE]\n\n");
        return Stream.of(response.body().split("\n\n"))
                .map(event -> event.substring("data: ".length()))
                .filter(event -> !event.equals("[DONE]"))
                .map(JsonObject::new)
                .toList();
    }

    /** The request that lm-eval's local-completions makes for a log likelihood. */
    @Test
    void scoresAContinuationAsLmEvalAsksForIt() throws Exception {
        JsonArray first = tokens("Once upon a time there was a fox");
        JsonArray second = tokens("The duck was red");
        JsonObject request = greedy(new JsonArray().add(first).add(second), 1)
                .put("logprobs", 1)
                .put("seed", 1234)
                .put("echo", true);
        JsonObject answer = completion(request);
        assertThat(answer.getJsonArray("choices")).hasSize(2);
        for (int i = 0; i < 2; i++) {
            JsonArray prompt = i == 0 ? first : second;
            JsonObject choice = choice(answer, i);
            JsonObject logprobs = choice.getJsonObject("logprobs");
            int count = prompt.size() + 1;
            for (String list : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
                assertThat(logprobs.getJsonArray(list)).as(list).hasSize(count);
            }
            assertThat(logprobs.getJsonArray("token_logprobs").getValue(0)).isNull();
            assertThat(logprobs.getJsonArray("top_logprobs").getValue(0)).isNull();
            String text = choice.getString("text");
            assertThat(text).startsWith(i == 0 ? "Once upon a time there was a fox" : "The duck was red");
            for (int t = 1; t < count; t++) {
                double logprob = logprobs.getJsonArray("token_logprobs").getDouble(t);
                JsonObject top = logprobs.getJsonArray("top_logprobs").getJsonObject(t);
                double best = top.stream()
                        .mapToDouble(e -> ((Number) e.getValue()).doubleValue())
                        .max()
                        .orElseThrow();
                assertThat(logprob).isNegative().isLessThanOrEqualTo(best);
                String token = logprobs.getJsonArray("tokens").getString(t);
                assertThat(top.getDouble(token)).isEqualTo(logprob);
                assertThat(text.substring(logprobs.getJsonArray("text_offset").getInteger(t)))
                        .startsWith(token);
            }
            // The last one was sampled greedily.
            JsonObject last = logprobs.getJsonArray("top_logprobs").getJsonObject(count - 1);
            assertThat(last.size()).isEqualTo(1);
        }
        assertThat(answer.getJsonObject("usage").getInteger("prompt_tokens")).isEqualTo(first.size() + second.size());
    }

    @Test
    void echoesWithoutGenerating() throws Exception {
        JsonObject answer = completion(greedy("The duck", 0).put("echo", true).put("logprobs", 0));
        JsonObject choice = choice(answer, 0);
        assertThat(choice.getString("text")).isEqualTo("The duck");
        assertThat(choice.getString("finish_reason")).isEqualTo("length");
        assertThat(choice.getJsonObject("logprobs").getJsonArray("tokens").size())
                .isEqualTo(answer.getJsonObject("usage").getInteger("prompt_tokens"));
        assertThat(answer.getJsonObject("usage").getInteger("completion_tokens"))
                .isZero();
        assertThat(choice(completion(greedy("The duck", 0).put("echo", true)), 0)
                        .getString("text"))
                .isEqualTo("The duck");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStreamTellsWhatAWholeAnswerTells(boolean echo) throws Exception {
        JsonObject request = greedy("Once upon a time", 20)
                .put("logprobs", 2)
                .put("echo", echo)
                .put("cache_prompt", false);
        JsonObject whole = choice(completion(request), 0);
        StringBuilder text = new StringBuilder();
        JsonObject merged = new JsonObject();
        for (JsonObject event : events("/v1/completions", request)) {
            JsonObject choice = choice(event, 0);
            text.append(choice.getString("text"));
            JsonObject logprobs = choice.getJsonObject("logprobs");
            if (logprobs != null) {
                for (String list : logprobs.fieldNames()) {
                    merged.put(list, merged.getJsonArray(list, new JsonArray()).addAll(logprobs.getJsonArray(list)));
                }
            }
        }
        assertThat(text.toString()).isEqualTo(whole.getString("text"));
        assertThat(merged).isEqualTo(whole.getJsonObject("logprobs"));
        if (!echo) {
            assertThat(String.join(
                            "",
                            merged.getJsonArray("tokens").stream()
                                    .map(String::valueOf)
                                    .toList()))
                    .isEqualTo(text.toString());
        }
    }

    @Test
    void chatsHaveLogProbabilitiesInTheirOwnShape() throws Exception {
        JsonObject request = new JsonObject()
                .put(
                        "messages",
                        new JsonArray().add(new JsonObject().put("role", "user").put("content", "Tell me a story")))
                .put("max_tokens", 8)
                .put("temperature", 0)
                .put("logprobs", true)
                .put("top_logprobs", 3);
        HttpResponse<String> response = server.post("/v1/chat/completions", request.encode());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonObject choice = choice(new JsonObject(response.body()), 0);
        JsonArray content = choice.getJsonObject("logprobs").getJsonArray("content");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            JsonObject token = content.getJsonObject(i);
            text.append(token.getString("token"));
            JsonArray top = token.getJsonArray("top_logprobs");
            assertThat(top).hasSize(3);
            // Greedy: the token is the first of them.
            assertThat(top.getJsonObject(0).getString("token")).isEqualTo(token.getString("token"));
            assertThat(top.getJsonObject(0).getDouble("logprob")).isEqualTo(token.getDouble("logprob"));
            double sum = 0;
            for (int t = 0; t < 3; t++) {
                sum += Math.exp(top.getJsonObject(t).getDouble("logprob"));
            }
            assertThat(sum).isLessThanOrEqualTo(1.001);
            assertThat(new String(bytes(token.getJsonArray("bytes")), StandardCharsets.UTF_8))
                    .isEqualTo(token.getString("token"));
        }
        assertThat(text.toString()).isEqualTo(choice.getJsonObject("message").getString("content"));
        List<String> streamed = new ArrayList<>();
        for (JsonObject event : events("/v1/chat/completions", request)) {
            JsonObject logprobs = choice(event, 0).getJsonObject("logprobs");
            if (logprobs != null) {
                logprobs.getJsonArray("content")
                        .forEach(token -> streamed.add(((JsonObject) token).getString("token")));
            }
        }
        assertThat(String.join("", streamed)).isEqualTo(text.toString());
    }

    private static byte[] bytes(JsonArray array) {
        byte[] bytes = new byte[array.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = array.getInteger(i).byteValue();
        }
        return bytes;
    }

    @Test
    void textFollowsAGrammar() throws Exception {
        JsonObject request = new JsonObject()
                .put("prompt", "Once upon a time")
                .put("max_tokens", 60)
                .put("seed", 5)
                .put("grammar", "root ::= [A-Z] [a-z]{1,5} \" \" [0-9]{2}");
        assertThat(choice(completion(request), 0).getString("text")).matches("[A-Z][a-z]{1,5} [0-9]{2}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"root ::= ", "nothing", "root ::= [a", "root ::= a", "root ::= root", "DEEP"})
    void aBadGrammarIsRefusedAndTheServerLives(String grammar) throws Exception {
        String text =
                grammar.equals("DEEP") ? "root ::= " + "(".repeat(50_000) + "\"a\"" + ")".repeat(50_000) : grammar;
        HttpResponse<String> response = server.post(
                "/v1/completions", greedy("a", 3).put("grammar", text).encode());
        if (grammar.equals("root ::= ")) {
            // An empty text is one, if a dull one.
            assertThat(response.statusCode()).isEqualTo(200);
            return;
        }
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.getString("param")).isEqualTo("grammar");
        assertThat(error.getString("code")).isEqualTo("invalid_grammar");
        assertThat(choice(completion(greedy("a", 2)), 0).getString("text")).isNotEmpty();
    }

    @Test
    void whatTheModelDoesNotHaveIsNamed() throws Exception {
        for (JsonObject extra : List.of(
                new JsonObject().put("stop_token_ids", new JsonArray().add(4096)),
                new JsonObject().put("samplers", new JsonArray().add("top_z")),
                new JsonObject().put("logit_bias", new JsonObject().put("4096", 1)))) {
            HttpResponse<String> response =
                    server.post("/v1/completions", greedy("a", 3).mergeIn(extra).encode());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
            assertThat(new JsonObject(response.body()).getJsonObject("error").getString("param"))
                    .startsWith(extra.fieldNames().iterator().next());
        }
    }

    @Test
    void severalChoicesAreIndexedAndCountedOnce() throws Exception {
        JsonObject request = new JsonObject()
                .put(
                        "prompt",
                        new JsonArray().add("Once upon a time there was a").add("The cat"))
                .put("max_tokens", 12)
                .put("temperature", 1.2)
                .put("seed", 7)
                .put("ignore_eos", true)
                .put("n", 3);
        JsonObject answer = completion(request);
        assertThat(answer.getJsonArray("choices")).hasSize(6);
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < 6; i++) {
            assertThat(choice(answer, i).getInteger("index")).isEqualTo(i);
            texts.add(choice(answer, i).getString("text"));
        }
        assertThat(texts).hasSize(6);
        int prompts =
                completion(request.copy().put("n", 1)).getJsonObject("usage").getInteger("prompt_tokens");
        assertThat(answer.getJsonObject("usage").getInteger("prompt_tokens")).isEqualTo(prompts);
        assertThat(answer.getJsonObject("usage").getInteger("completion_tokens"))
                .isEqualTo(72);

        String[] streamed = new String[6];
        Arrays.fill(streamed, "");
        for (JsonObject event : events("/v1/completions", request)) {
            JsonObject choice = choice(event, 0);
            streamed[choice.getInteger("index")] += choice.getString("text");
        }
        // The same seeds; late tokens may differ, since batches of other shapes round differently.
        for (int i = 0; i < 6; i++) {
            assertThat(streamed[i].substring(0, 3))
                    .isEqualTo(choice(answer, i).getString("text").substring(0, 3));
        }
    }

    @Test
    void theBestOfSeveralIsTheMostLikely() throws Exception {
        JsonObject request = new JsonObject()
                .put("prompt", "Once upon a time there was a")
                .put("max_tokens", 10)
                .put("temperature", 1.5)
                .put("ignore_eos", true)
                .put("seed", 11)
                .put("logprobs", 0);
        JsonObject all = completion(request.copy().put("n", 4));
        double best = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < 4; i++) {
            best = Math.max(best, mean(choice(all, i)));
        }
        JsonObject answer = completion(request.copy().put("best_of", 4));
        assertThat(answer.getJsonArray("choices")).hasSize(1);
        assertThat(mean(choice(answer, 0))).isCloseTo(best, within(0.2));
        assertThat(answer.getJsonObject("usage").getInteger("completion_tokens"))
                .isEqualTo(40);
        JsonObject silent = request.copy().put("best_of", 4);
        silent.remove("logprobs");
        assertThat(choice(completion(silent), 0).getJsonObject("logprobs")).isNull();
    }

    private static double mean(JsonObject choice) {
        return choice.getJsonObject("logprobs").getJsonArray("token_logprobs").stream()
                .mapToDouble(logprob -> ((Number) logprob).doubleValue())
                .average()
                .orElseThrow();
    }

    @Test
    void aTimeoutEndsARequest() throws Exception {
        HttpResponse<String> response = server.post(
                "/v1/completions",
                greedy("Once upon a time", 450)
                        .put("ignore_eos", true)
                        .put("timeout", 0.02)
                        .encode());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(408);
        assertThat(new JsonObject(response.body()).getJsonObject("error").getString("param"))
                .isEqualTo("timeout");
        HttpResponse<String> enough = server.post(
                "/v1/completions", greedy("Once", 3).put("timeout", 60).encode());
        assertThat(enough.statusCode()).isEqualTo(200);
    }
}
