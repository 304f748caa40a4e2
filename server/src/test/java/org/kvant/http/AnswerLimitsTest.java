package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.GenerationRequest;

/** What an answer can grow to is reckoned before it is begun. */
class AnswerLimitsTest {
    private static final String BODY = "{\"prompt\":\"a\",\"n\":4,\"best_of\":4,\"max_tokens\":20,\"logprobs\":10}";

    private static GenerationRequest.Builder wanted() {
        return GenerationRequest.builder("x", new int[] {97}).maxTokens(20).logprobs(10);
    }

    private static long cost(int generations) {
        GenerationRequest one = wanted().build();
        return generations * AnswerCost.bytes(one, ScriptedInference.CONTEXT, false);
    }

    @Test
    void sizesMultiply() {
        long plain = AnswerCost.bytes(wanted().logprobs(-1).build(), 1000, false);
        long one = AnswerCost.bytes(wanted().build(), 1000, false);
        long longer = AnswerCost.bytes(wanted().maxTokens(200).build(), 1000, false);
        long more = AnswerCost.bytes(wanted().logprobs(100).build(), 1000, false);
        assertThat(plain).isLessThan(10_000);
        assertThat(one).isGreaterThan(plain + 20 * 10 * 100);
        assertThat(longer).isGreaterThan(8 * one);
        assertThat(more).isGreaterThan(6 * one);
        // No more than fits into the context comes, whatever is asked for.
        assertThat(AnswerCost.bytes(wanted().maxTokens(1_000_000).build(), 200, false))
                .isLessThan(longer);
        // A stream's tokens leave as they come, some hundred at a time.
        assertThat(AnswerCost.bytes(wanted().maxTokens(900).build(), 1000, true))
                .isLessThan(AnswerCost.bytes(wanted().maxTokens(300).build(), 1000, false));
    }

    @Test
    void oneThatFitsIsAnsweredAndOneByteLessIsRefusedWithTheNumbers() throws Exception {
        try (ScriptedServer server = new ScriptedServer(8, options -> options.withAnswerBytes(cost(4)))) {
            server.service.attach(server.engine);
            CompletableFuture<HttpResponse<String>> answer = server.postLater("/v1/completions", BODY);
            for (int i = 0; i < 4; i++) {
                server.engine.next().text("t").stop();
            }
            assertThat(answer.get().statusCode()).isEqualTo(200);
        }
        try (ScriptedServer server = new ScriptedServer(8, options -> options.withAnswerBytes(cost(4) - 1))) {
            server.service.attach(server.engine);
            HttpResponse<String> refused = server.post("/v1/completions", BODY);
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body())
                    .contains("answer_too_large")
                    .contains("MiB")
                    .contains("max_tokens");
            assertThat(server.engine.nothingSubmitted()).isTrue();
        }
    }

    @Test
    void whatFindsNoRoomBesideOthersMayComeAgain() throws Exception {
        try (ScriptedServer server = new ScriptedServer(8, options -> options.withAnswerBytes(cost(5)))) {
            server.service.attach(server.engine);
            CompletableFuture<HttpResponse<String>> first = server.postLater("/v1/completions", BODY);
            ScriptedInference.Script running = server.engine.next();
            HttpResponse<String> refused = server.post("/v1/completions", BODY);
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
            running.stop();
            for (int i = 0; i < 3; i++) {
                server.engine.next().stop();
            }
            assertThat(first.get().statusCode()).isEqualTo(200);
            // All is given back.
            CompletableFuture<HttpResponse<String>> second = server.postLater("/v1/completions", BODY);
            for (int i = 0; i < 4; i++) {
                server.engine.next().stop();
            }
            assertThat(second.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aBodyOfCountlessValuesIsRefusedBeforeItIsATree() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            String message = "{\"role\":\"user\",\"content\":\"\"}";
            String messages = "{\"messages\":[" + message + (",{}").repeat(100_000) + "]}";
            HttpResponse<String> refused = server.post("/v1/chat/completions", messages);
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("more than 100000 values");
            // A list of token ids is one value.
            HttpResponse<String> tokens =
                    server.post("/v1/completions", "{\"prompt\":[" + "1,".repeat(200_000) + "1]}");
            assertThat(tokens.body()).contains("context_length_exceeded");
        }
    }

    @Test
    void asManyValuesAsAreAllowedAreRead() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            // The object, the prompt, the metadata and its fields.
            StringBuilder body = new StringBuilder("{\"prompt\":\"a\",\"metadata\":{\"k\":0");
            for (int i = 0; i < 100_000 - 4; i++) {
                body.append(",\"k").append(i).append("\":0");
            }
            CompletableFuture<HttpResponse<String>> answer = server.postLater("/v1/completions", body + "}}");
            server.engine.next().stop();
            assertThat(answer.get().statusCode()).isEqualTo(200);
            assertThat(server.post("/v1/completions", body + ",\"more\":0}}").statusCode())
                    .isEqualTo(400);
        }
    }

    @Test
    void severalModelsAnswerByName() throws Exception {
        try (ScriptedServer server =
                new ScriptedServer(8, options -> HttpOptions.of("127.0.0.1", 0, "first", "second"))) {
            server.service.attach(server.engine);
            // The second one is still loading.
            assertThat(server.get("/health").statusCode()).isEqualTo(503);
            assertThat(server.get("/ready").body()).contains("\"second\":\"loading\"");
            CompletableFuture<HttpResponse<String>> answer =
                    server.postLater("/v1/completions", "{\"prompt\":\"a\",\"model\":\"first\"}");
            server.engine.next().stop();
            assertThat(answer.get().body()).contains("\"model\":\"first\"");
            assertThat(server.post("/v1/completions", "{\"prompt\":\"a\",\"model\":\"second\"}")
                            .statusCode())
                    .isEqualTo(503);
            HttpResponse<String> unknown = server.post("/v1/completions", "{\"prompt\":\"a\",\"model\":\"third\"}");
            assertThat(unknown.statusCode()).isEqualTo(404);
            assertThat(unknown.body()).contains("'first', 'second'");
            assertThat(server.post("/tokenize", "{\"content\":\"a\",\"model\":\"third\"}")
                            .statusCode())
                    .isEqualTo(404);
        }
    }
}
