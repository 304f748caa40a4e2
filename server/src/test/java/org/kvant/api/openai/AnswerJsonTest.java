package org.kvant.api.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.api.AnswerEvents;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.Choice;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;

/** Answers to the byte: clients break on small differences. */
class AnswerJsonTest {
    private static final ResponseHead CHAT = new ResponseHead("chatcmpl-1", 7, "m", "f");
    private static final ResponseHead PLAIN = new ResponseHead("cmpl-1", 7, "m", "f");
    private static final TokenCounts USAGE = new TokenCounts(5, 2, 3, 1, 4);
    private static final String USAGE_JSON =
            "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3,\"total_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":2},"
                    + "\"completion_tokens_details\":{\"accepted_prediction_tokens\":1,\"rejected_prediction_tokens\":4}}";
    private static final String CHUNK =
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m\",\"system_fingerprint\":\"f\",";

    private static String text(byte[] json) {
        return new String(json, StandardCharsets.UTF_8);
    }

    @Test
    void writesAChatCompletion() {
        assertThat(text(new ChatDialect().whole(CHAT, List.of(new Choice("Hi \"you\" 👋\n", "stop")), USAGE, null)))
                .isEqualTo(
                        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":7,\"model\":\"m\",\"system_fingerprint\":\"f\","
                                + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi \\\"you\\\" 👋\\n\","
                                + "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}]," + USAGE_JSON
                                + "}");
    }

    @Test
    void writesACompletionOfSeveralChoices() {
        assertThat(text(new CompletionsDialect()
                        .whole(PLAIN, List.of(new Choice("a", "stop"), new Choice("", "length")), USAGE, null)))
                .isEqualTo(
                        "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\",\"system_fingerprint\":\"f\","
                                + "\"choices\":[{\"index\":0,\"text\":\"a\",\"logprobs\":null,\"finish_reason\":\"stop\"},"
                                + "{\"index\":1,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\"}],"
                                + USAGE_JSON + "}");
    }

    @Test
    void writesTimingsWithLlamaServersNames() {
        PhaseTimes times = new PhaseTimes(2, 3, 4, 0, 0, 1, 6, 8);
        assertThat(text(new CompletionsDialect().whole(PLAIN, List.of(new Choice("a", "stop")), USAGE, times)))
                .endsWith(",\"timings\":{\"queue_ms\":1.0,\"cache_n\":2,\"prompt_n\":3,\"prompt_ms\":6.0,"
                        + "\"prompt_per_token_ms\":2.0,\"prompt_per_second\":500.0,\"predicted_n\":4,\"predicted_ms\":8.0,"
                        + "\"predicted_per_token_ms\":2.0,\"predicted_per_second\":500.0}}");
        assertThat(text(new CompletionsDialect()
                        .whole(
                                PLAIN,
                                List.of(new Choice("", "length")),
                                USAGE,
                                new PhaseTimes(2, 0, 0, 0, 0, 0, 0, 0))))
                .doesNotContain("NaN")
                .doesNotContain("Infinity");
        assertThat(text(new CompletionsDialect()
                        .whole(
                                PLAIN,
                                List.of(new Choice("", "length")),
                                USAGE,
                                new PhaseTimes(2, 3, 4, 7, 2, 1, 6, 8))))
                .endsWith("\"predicted_per_second\":500.0,\"draft_n\":7,\"draft_n_accepted\":2}}");
    }

    @Test
    void streamsAChat() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AnswerEvents events = new ChatDialect().events(CHAT, false);
        events.begin(out, 0);
        events.text(out, 0, "a\"\u0000é👋");
        events.end(out, 0, "stop", null);
        events.done(out);
        assertThat(text(out.toByteArray()))
                .isEqualTo(CHUNK
                        + "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
                        + CHUNK
                        + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\\"\\u0000é👋\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
                        + CHUNK
                        + "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n"
                        + "data: [DONE]\n\n");
    }

    @Test
    void streamsUsageLastAndNullBefore() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AnswerEvents events = new CompletionsDialect().events(PLAIN, true);
        events.begin(out, 1);
        events.text(out, 1, "a");
        events.end(out, 1, "length", null);
        events.usage(out, USAGE);
        String chunk =
                "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\",\"system_fingerprint\":\"f\",";
        assertThat(text(out.toByteArray()))
                .isEqualTo(chunk
                        + "\"choices\":[{\"index\":1,\"text\":\"a\",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
                        + chunk
                        + "\"choices\":[{\"index\":1,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":null}\n\n"
                        + chunk + "\"choices\":[]," + USAGE_JSON + "}\n\n");
    }

    @Test
    void writesAnErrorAsOpenAiDoes() {
        assertThat(text(ApiError.modelNotFound("x", "m").toJson()))
                .isEqualTo("{\"error\":{\"message\":\"The model 'x' does not exist here; this server serves 'm'.\","
                        + "\"type\":\"invalid_request_error\",\"param\":\"model\",\"code\":\"model_not_found\"}}");
        assertThat(text(ApiError.internal("half a pair: \ud83d").toJson())).contains("half a pair: ?");
    }
}
