package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Dry;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Mirostat;
import org.kvant.engine.request.SamplerKind;
import org.kvant.engine.request.SamplingOptions;

/** From the request to the engine and from its tokens to the answer. */
class GenerationRoutesTest {
    private static final String CHAT = "{\"model\":\"m.gguf\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
            + "{\"role\":\"user\",\"content\":\"u\"}]";

    private static List<String> events(String body) {
        return List.of(body.split("\n\n"));
    }

    @Test
    void answersAChat() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer = server.postLater("/v1/chat/completions", CHAT + "}");
            ScriptedInference.Script script = server.engine.next();
            assertThat(script.prompt()).isEqualTo("s:s|u:u|a:");
            script.text("Hel").text("lo 👋").stop();
            HttpResponse<String> response = answer.get();
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("x-request-id")).hasValue(script.id());
            assertThat(response.body())
                    .startsWith("{\"id\":\"" + script.id() + "\",\"object\":\"chat.completion\",\"created\":")
                    .contains("\"message\":{\"role\":\"assistant\",\"content\":\"Hello 👋\",\"refusal\":null}")
                    .contains("\"finish_reason\":\"stop\"")
                    .contains(
                            "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":1},"
                                    + "\"completion_tokens_details\":{\"accepted_prediction_tokens\":2,\"rejected_prediction_tokens\":3}}");
        }
    }

    @Test
    void continuesTheAssistantsLastMessage() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer = server.postLater(
                    "/v1/chat/completions",
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"Once\"}]}");
            ScriptedInference.Script script = server.engine.next();
            assertThat(script.prompt()).isEqualTo("u:u|a:Once");
            script.stop();
            assertThat(answer.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void streamsEachPieceAsAnEvent() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer = server.postLater(
                    "/v1/chat/completions", CHAT + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
            server.engine.next().text("a").text("b").finish(FinishReason.LENGTH, null);
            HttpResponse<String> response = answer.get();
            assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
            assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-cache");
            List<String> events = events(response.body());
            assertThat(events).hasSize(6);
            assertThat(events.get(0)).contains("\"delta\":{\"role\":\"assistant\",\"content\":\"\"}");
            assertThat(events.get(1)).contains("\"delta\":{\"content\":\"a\"}");
            assertThat(events.get(2)).contains("\"delta\":{\"content\":\"b\"}");
            assertThat(events.get(3)).contains("\"delta\":{}").contains("\"finish_reason\":\"length\"");
            assertThat(events.get(4)).contains("\"choices\":[],").contains("\"completion_tokens\":2");
            assertThat(events.get(5)).isEqualTo("data: [DONE]");
        }
    }

    @Test
    void answersEachOfSeveralPromptsWhateverTheOrderOfTheirEnds() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer =
                    server.postLater("/v1/completions", "{\"prompt\":[\"p\",\"q\",\"r\"]}");
            ScriptedInference.Script p = server.engine.next();
            ScriptedInference.Script q = server.engine.next();
            // Two sequences: the third prompt waits here and not in the engine's queue.
            assertThat(server.engine.nothingSubmitted()).isTrue();
            q.text("Q").stop();
            ScriptedInference.Script r = server.engine.next();
            assertThat(List.of(p.prompt(), q.prompt(), r.prompt())).containsExactly("p", "q", "r");
            r.text("R").finish(FinishReason.LENGTH, null);
            p.text("P").stop();
            assertThat(answer.get().body())
                    .contains("{\"index\":0,\"text\":\"P\",\"logprobs\":null,\"finish_reason\":\"stop\"},"
                            + "{\"index\":1,\"text\":\"Q\",\"logprobs\":null,\"finish_reason\":\"stop\"},"
                            + "{\"index\":2,\"text\":\"R\",\"logprobs\":null,\"finish_reason\":\"length\"}")
                    .contains("\"prompt_tokens\":3,\"completion_tokens\":3,\"total_tokens\":6");
        }
    }

    @Test
    void answersTooManyRequestsOnlyIfTheFirstPromptFindsNoPlace() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options)) {
            server.service.attach(server.engine);
            CompletableFuture<HttpResponse<String>> answer =
                    server.postLater("/v1/completions", "{\"prompt\":[\"p\",\"q\"]}");
            ScriptedInference.Script p = server.engine.next();
            HttpResponse<String> refused = server.post("/v1/completions", "{\"prompt\":\"x\"}");
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(refused.body()).contains("\"type\":\"rate_limit_error\"");
            p.stop();
            server.engine.next().stop();
            assertThat(answer.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void tellsAFailureByStatusBeforeTheFirstTokenAndByEventAfterIt() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            String body = "{\"prompt\":\"a\",\"stream\":true}";
            CompletableFuture<HttpResponse<String>> early = server.postLater("/v1/completions", body);
            server.engine.next().finish(FinishReason.ERROR, "decode failed");
            assertThat(early.get().statusCode()).isEqualTo(500);
            assertThat(early.get().body()).contains("decode failed").contains("server_error");

            try (RawConnection client = new RawConnection(server.port())) {
                client.send(RawConnection.post("/v1/completions", body));
                ScriptedInference.Script script = server.engine.next().text("a");
                for (String line = client.line(); !line.contains("\"text\":\"a\""); line = client.line()) {
                    assertThat(line).isNotNull();
                }
                script.finish(FinishReason.ERROR, "decode failed");
                String line = client.line();
                while (!line.startsWith("data: {\"error\":{\"message\":\"decode failed\"")) {
                    line = client.line();
                }
                assertThat(client.line()).isEmpty();
                // The last chunk: no [DONE] pretends that the text is complete.
                assertThat(client.line()).isEmpty();
                assertThat(client.line()).isEqualTo("0");
            }

            CompletableFuture<HttpResponse<String>> stopped = server.postLater("/v1/completions", "{\"prompt\":\"a\"}");
            server.engine.next().text("a").finish(FinishReason.CANCELLED, "The server is shutting down.");
            assertThat(stopped.get().statusCode()).isEqualTo(503);
        }
    }

    @Test
    void failsAllPromptsTogether() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer =
                    server.postLater("/v1/completions", "{\"prompt\":[\"p\",\"q\"]}");
            ScriptedInference.Script p = server.engine.next();
            ScriptedInference.Script q = server.engine.next();
            p.finish(FinishReason.ERROR, "decode failed");
            assertThat(answer.get().statusCode()).isEqualTo(500);
            assertThat(q.cancelled).isTrue();
        }
    }

    @Test
    void handsEveryParameterToTheEngine() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer = server.postLater(
                    "/v1/completions",
                    "{\"prompt\":\"a\",\"max_tokens\":5,\"temperature\":0.5,\"top_k\":7,\"top_p\":0.25,\"min_p\":0.125,"
                            + "\"presence_penalty\":1,\"frequency_penalty\":-1,\"repeat_penalty\":1.5,\"repeat_last_n\":16,"
                            + "\"typical_p\":0.5,\"top_n_sigma\":2,\"min_keep\":3,\"xtc_probability\":0.25,\"xtc_threshold\":0.2,"
                            + "\"dynatemp_range\":0.5,\"dynatemp_exponent\":2,\"dry_multiplier\":0.5,\"dry_base\":2,"
                            + "\"dry_allowed_length\":3,\"dry_penalty_last_n\":9,\"dry_sequence_breakers\":[\"x\"],"
                            + "\"mirostat\":2,\"mirostat_tau\":3,\"mirostat_eta\":0.5,\"adaptive_target\":0.5,"
                            + "\"adaptive_decay\":0.25,\"samplers\":[\"min-p\",\"temperature\"],"
                            + "\"logit_bias\":[[3,1.5],[\"b\",-2]],\"min_tokens\":2,\"stop_token_ids\":[7,8],"
                            + "\"cache_salt\":\"s\",\"priority\":-3,\"timeout\":2.5,\"logprobs\":4,"
                            + "\"grammar\":\"root ::= [a-z]+\","
                            + "\"seed\":4294967301,\"stop\":\"x\",\"ignore_eos\":true,\"cache_prompt\":false}");
            ScriptedInference.Script script = server.engine.next();
            assertThat(script.request.sampling())
                    .isEqualTo(SamplingOptions.builder()
                            .temperature(0.5f)
                            .topK(7)
                            .topP(0.25f)
                            .minP(0.125f)
                            .presencePenalty(1)
                            .frequencyPenalty(-1)
                            .repeatPenalty(1.5f)
                            .repeatLastN(16)
                            .typicalP(0.5f)
                            .topNSigma(2)
                            .minKeep(3)
                            .xtcProbability(0.25f)
                            .xtcThreshold(0.2f)
                            .dynamicRange(0.5f)
                            .dynamicExponent(2)
                            .dry(new Dry(0.5f, 2, 3, 9, List.of("x")))
                            .mirostat(new Mirostat(2, 3, 0.5f))
                            .adaptiveTarget(0.5f)
                            .adaptiveDecay(0.25f)
                            .order(List.of(SamplerKind.MIN_P, SamplerKind.TEMPERATURE))
                            .logitBias(Map.of(3, 1.5f, 98, -2f))
                            .seed(5)
                            .build());
            assertThat(script.request.minTokens()).isEqualTo(2);
            assertThat(script.request.stopTokens()).containsExactly(7, 8);
            assertThat(script.request.cacheSalt()).isEqualTo("s");
            assertThat(script.request.priority()).isEqualTo(-3);
            assertThat(script.request.timeout()).isEqualTo(Duration.ofMillis(2500));
            assertThat(script.request.grammar()).isNotNull();
            assertThat(script.request.logprobs()).isEqualTo(4);
            assertThat(script.request.maxTokens()).isEqualTo(5);
            assertThat(script.request.stop()).containsExactly("x");
            assertThat(script.request.ignoreEos()).isTrue();
            assertThat(script.request.reusePrefix()).isFalse();
            script.stop();
            answer.get();

            CompletableFuture<HttpResponse<String>> usual = server.postLater("/v1/completions", "{\"prompt\":\"a\"}");
            ScriptedInference.Script plain = server.engine.next();
            assertThat(plain.request.sampling()).isEqualTo(SamplingOptions.DEFAULT);
            assertThat(plain.request.maxTokens()).isEqualTo(-1);
            plain.stop();
            usual.get();

            CompletableFuture<HttpResponse<String>> extreme = server.postLater(
                    "/v1/completions",
                    "{\"prompt\":\"a\",\"temperature\":1e-30,\"repeat_last_n\":2147483647,\"seed\":-1}");
            ScriptedInference.Script bounded = server.engine.next();
            assertThat(bounded.request.sampling().temperature()).isZero();
            assertThat(bounded.request.sampling().repeatLastN()).isEqualTo(ScriptedInference.CONTEXT);
            assertThat(bounded.request.sampling().seed()).isEqualTo(SamplingOptions.RANDOM_SEED);
            bounded.stop();
            extreme.get();
        }
    }
}
