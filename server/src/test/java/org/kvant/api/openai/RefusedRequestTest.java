package org.kvant.api.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;

/** Requests that get a 400, with the field and the cause that the answer names. */
class RefusedRequestTest {

    private static ApiError completion(byte[] body) {
        return catchThrowableOfType(ApiException.class, () -> CompletionRequest.parse(body))
                .error();
    }

    private static ApiError completion(String body) {
        return completion(body.getBytes(StandardCharsets.UTF_8));
    }

    private static ApiError chat(String body) {
        return catchThrowableOfType(ApiException.class, () -> ChatRequest.parse(body.getBytes(StandardCharsets.UTF_8)))
                .error();
    }

    private static void check(ApiError error, @Nullable String param, String code) {
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.type()).isEqualTo("invalid_request_error");
        assertThat(error.param()).isEqualTo(param);
        assertThat(error.code()).isEqualTo(code);
        assertThat(new String(error.toJson(), StandardCharsets.UTF_8)).startsWith("{\"error\":{\"message\":\"");
    }

    static Stream<Arguments> brokenJson() {
        return Stream.of(
                arguments("", "empty"),
                arguments(" \n ", "empty"),
                arguments("{\"prompt\":\"a\",}", "column 15"),
                arguments("{\"prompt\":\n  oops}", "line 2"),
                arguments("{\"prompt\":\"a\"", "expected close marker"),
                arguments("{\"prompt\":\"a\"} x", "x"),
                arguments("{\"prompt\":\"a\"}{}", "follows"),
                arguments("{\"prompt\":\"a\\x\"}", "escape"),
                arguments("{\"prompt\":\"a\nb\"}", "has to be escaped"),
                arguments("{\"prompt\":\"a\",\"temperature\":NaN}", "NaN"),
                arguments("{\"prompt\":\"a\",\"temperature\":Infinity}", "Infinity"),
                arguments("{\"prompt\":\"a\",\"temperature\":01}", "zeroes"),
                arguments("{\"prompt\":\"a\",\"temperature\":.5}", "'.'"),
                arguments("{\"prompt\":\"a\",\"prompt\":\"b\"}", "Duplicate field 'prompt'"),
                arguments("{'prompt':'a'}", "double-quote"),
                arguments("[1,2]", "must be an object, not an array"),
                arguments("null", "must be an object, not null"),
                arguments("\"prompt\"", "must be an object, not a string"),
                arguments("{\"x\":" + "[".repeat(100_000), "nesting depth"),
                arguments("{\"x\":" + "{\"x\":".repeat(5000), "nesting depth"),
                arguments("{\"x\":" + "1".repeat(5000) + "}", "limit"));
    }

    @ParameterizedTest
    @MethodSource("brokenJson")
    void brokenJsonIsToldWithItsPlace(String body, String hint) {
        ApiError error = completion(body);
        check(error, null, "invalid_json");
        assertThat(error.message()).contains(hint);
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() {
        byte[] body = "{\"prompt\":\"ab\"}".getBytes(StandardCharsets.UTF_8);
        body[11] = (byte) 0xC3;
        body[12] = (byte) 0x28;
        check(completion(body), null, "invalid_json");
    }

    static Stream<Arguments> wrongFields() {
        return Stream.of(
                arguments("{}", "prompt", "missing_required_parameter"),
                arguments("{\"prompt\":null}", "prompt", "missing_required_parameter"),
                arguments("{\"prompt\":7}", "prompt", "invalid_type"),
                arguments("{\"prompt\":true}", "prompt", "invalid_type"),
                arguments("{\"prompt\":{\"text\":\"a\"}}", "prompt", "invalid_type"),
                arguments("{\"prompt\":[]}", "prompt", "invalid_value"),
                arguments("{\"prompt\":[[]]}", "prompt[0]", "invalid_value"),
                arguments("{\"prompt\":[\"a\",null]}", "prompt[1]", "invalid_type"),
                arguments("{\"prompt\":[\"a\",7]}", "prompt[1]", "invalid_type"),
                arguments("{\"prompt\":[[1],[2,\"b\"]]}", "prompt[1][1]", "invalid_type"),
                arguments("{\"prompt\":[1,\"a\"]}", "prompt[1]", "invalid_type"),
                arguments("{\"prompt\":[1,2.5]}", "prompt[1]", "invalid_type"),
                arguments("{\"prompt\":[1,-2]}", "prompt[1]", "value_below_minimum"),
                arguments("{\"prompt\":[1,4294967296]}", "prompt[1]", "value_above_maximum"),
                arguments("{\"prompt\":\"a\\ud83d\"}", "prompt", "invalid_unicode"),
                arguments("{\"prompt\":\"\\udc4b\\ud83d\"}", "prompt", "invalid_unicode"),
                arguments("{\"prompt\":[\"a\",\"\\ud800 b\"]}", "prompt[1]", "invalid_unicode"),
                arguments("{\"prompt\":\"a\",\"model\":5}", "model", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":\"5\"}", "max_tokens", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":5.5}", "max_tokens", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":-2}", "max_tokens", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":2147483648}", "max_tokens", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":1e400}", "max_tokens", "value_above_maximum"),
                arguments(
                        "{\"prompt\":\"a\",\"max_tokens\":99999999999999999999}", "max_tokens", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"max_tokens\":-1e999999999}", "max_tokens", "value_below_minimum"),
                arguments(
                        "{\"prompt\":\"a\",\"max_tokens\":5,\"max_completion_tokens\":6}",
                        "max_tokens",
                        "invalid_value"),
                arguments("{\"prompt\":\"a\",\"temperature\":-0.1}", "temperature", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"temperature\":1e400}", "temperature", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"temperature\":\"hot\"}", "temperature", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"top_p\":1.01}", "top_p", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"min_p\":-1}", "min_p", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"top_k\":-2}", "top_k", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"presence_penalty\":2.5}", "presence_penalty", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"frequency_penalty\":-3}", "frequency_penalty", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"repeat_penalty\":0}", "repeat_penalty", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"seed\":1e30}", "seed", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"seed\":\"s\"}", "seed", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stop\":5}", "stop", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stop\":[\"x\",5]}", "stop[1]", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stop\":[null]}", "stop[0]", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stop\":\"" + "x".repeat(1025) + "\"}", "stop", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"stop\":[" + "\"x\",".repeat(64) + "\"x\"]}", "stop", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"stream\":\"yes\"}", "stream", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stream\":1}", "stream", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"stream_options\":true}", "stream_options", "invalid_type"),
                arguments(
                        "{\"prompt\":\"a\",\"stream_options\":{\"include_usage\":1}}",
                        "stream_options.include_usage",
                        "invalid_type"),
                arguments("{\"prompt\":\"a\",\"n\":0}", "n", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"n\":129}", "n", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"n\":3,\"best_of\":2}", "best_of", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"best_of\":2,\"stream\":true}", "best_of", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"logprobs\":true}", "logprobs", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"logprobs\":129}", "logprobs", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"echo\":1}", "echo", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"logit_bias\":{\"x\":1}}", "logit_bias.x", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"logit_bias\":{\"5\":101}}", "logit_bias.5", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"logit_bias\":{\"5\":true}}", "logit_bias.5", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"logit_bias\":[[5]]}", "logit_bias[0]", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"logit_bias\":[[-5,1.5]]}", "logit_bias[0][0]", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"grammar\":5}", "grammar", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"mirostat\":3}", "mirostat", "value_above_maximum"),
                arguments("{\"prompt\":\"a\",\"min_tokens\":5,\"max_tokens\":4}", "min_tokens", "invalid_value"),
                arguments("{\"prompt\":\"a\",\"stop_token_ids\":[-1]}", "stop_token_ids[0]", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"samplers\":\"top_k\"}", "samplers", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"samplers\":[5]}", "samplers[0]", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"dry_base\":0.5}", "dry_base", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"timeout\":0}", "timeout", "value_below_minimum"),
                arguments("{\"prompt\":\"a\",\"priority\":1.5}", "priority", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"cache_salt\":1}", "cache_salt", "invalid_type"),
                arguments("{\"prompt\":\"a\",\"ignore_eos\":0}", "ignore_eos", "invalid_type"));
    }

    @ParameterizedTest
    @MethodSource("wrongFields")
    void aWrongFieldIsNamed(String body, String param, String code) {
        ApiError error = completion(body);
        check(error, param, code);
        assertThat(error.message()).contains("'" + param);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"suffix\":\"end\"",
                "\"tool_choice\":\"required\"",
                "\"tool_choice\":{\"type\":\"function\"}",
                "\"functions\":[{}]",
                "\"response_format\":{\"type\":\"json_object\"}",
                "\"response_format\":\"text\"",
                "\"json_schema\":{\"type\":\"object\"}",
                "\"guided_choice\":[\"a\"]",
                "\"modalities\":[\"text\",\"audio\"]",
                "\"reasoning_effort\":\"high\"",
                "\"repetition_penalty\":1.1",
                "\"use_beam_search\":true"
            })
    void whatWouldChangeTheAnswerIsRefused(String field) {
        String name = field.substring(1, field.indexOf('"', 1));
        check(completion("{\"prompt\":\"a\"," + field + "}"), name, "unsupported_parameter");
        check(
                chat("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]," + field + "}"),
                name,
                "unsupported_parameter");
    }

    @Test
    void whatOnlyAChatHasIsRefusedElsewhere() {
        for (String field : new String[] {
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]",
            "\"chat_template_kwargs\":{\"enable_thinking\":false}",
            "\"documents\":[{\"text\":\"a\"}]"
        }) {
            String name = field.substring(1, field.indexOf('"', 1));
            check(completion("{\"prompt\":\"a\"," + field + "}"), name, "unsupported_parameter");
        }
    }

    private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    static Stream<Arguments> wrongMessages() {
        return Stream.of(
                arguments("{}", "messages", "missing_required_parameter"),
                arguments("{\"messages\":\"hi\"}", "messages", "invalid_type"),
                arguments("{\"messages\":[]}", "messages", "invalid_value"),
                arguments("{\"messages\":[1]}", "messages[0]", "invalid_type"),
                arguments("{\"messages\":[\"hi\"]}", "messages[0]", "invalid_type"),
                arguments("{\"messages\":[{\"content\":\"a\"}]}", "messages[0].role", "missing_required_parameter"),
                arguments("{\"messages\":[{\"role\":7,\"content\":\"a\"}]}", "messages[0].role", "invalid_type"),
                arguments(
                        "{\"messages\":[{\"role\":\"robot\",\"content\":\"a\"}]}", "messages[0].role", "invalid_value"),
                arguments("{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content", "missing_required_parameter"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "messages[0].content", "invalid_type"),
                arguments("{\"messages\":[{\"role\":\"user\",\"content\":5}]}", "messages[0].content", "invalid_type"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"\\udfff\"}]}",
                        "messages[1].content",
                        "invalid_unicode"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":[\"a\"]}]}",
                        "messages[0].content[0]",
                        "invalid_type"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}]}",
                        "messages[0].content[0].type",
                        "missing_required_parameter"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
                        "messages[0].content[0].text",
                        "missing_required_parameter"),
                arguments(
                        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}",
                        "messages[0].content[0].type",
                        "unsupported_value"),
                arguments(
                        "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\"}]}]}",
                        "messages[0].tool_calls[0].function",
                        "missing_required_parameter"),
                arguments(
                        "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":5}}]}]}",
                        "messages[0].tool_calls[0].function.arguments",
                        "invalid_type"),
                arguments(
                        HI + ",\"tools\":[{\"type\":\"function\"}]}",
                        "tools[0].function",
                        "missing_required_parameter"),
                arguments(HI + ",\"tools\":[{\"type\":\"code\"}]}", "tools[0].type", "invalid_value"),
                arguments(
                        HI + ",\"tools\":[{\"type\":\"function\",\"function\":{}}]}",
                        "tools[0].function.name",
                        "missing_required_parameter"),
                arguments(HI + ",\"tools\":{}}", "tools", "invalid_type"),
                arguments(HI + ",\"documents\":[1]}", "documents[0]", "invalid_type"),
                arguments(HI + ",\"chat_template_kwargs\":[]}", "chat_template_kwargs", "invalid_type"),
                arguments(
                        HI + ",\"chat_template_kwargs\":{\"messages\":[]}}",
                        "chat_template_kwargs.messages",
                        "invalid_value"),
                arguments(HI + ",\"continue_final_message\":true}", "continue_final_message", "invalid_value"),
                arguments(HI + ",\"add_generation_prompt\":1}", "add_generation_prompt", "invalid_type"),
                arguments(
                        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}",
                        "messages",
                        "invalid_value"));
    }

    @ParameterizedTest
    @MethodSource("wrongMessages")
    void aWrongMessageIsNamed(String body, String param, String code) {
        check(chat(body), param, code);
    }

    @Test
    void anErrorQuotesLongInputShortly() {
        ApiError error =
                chat("{\"messages\":[{\"role\":\"" + "x".repeat(119) + "👋".repeat(1000) + "\",\"content\":\"a\"}]}");
        assertThat(error.message()).hasSizeLessThan(300);
        check(error, "messages[0].role", "invalid_value");
    }
}
