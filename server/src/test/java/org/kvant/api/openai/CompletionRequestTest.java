package org.kvant.api.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.Prompt;
import org.kvant.api.common.SamplingParameters;

/** What {@code /v1/completions} understands; what it refuses is in {@link RefusedRequestTest}. */
class CompletionRequestTest {

    private static CompletionRequest parse(String json) throws ApiException {
        return CompletionRequest.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    private static GenerationParameters parameters(String fields) throws ApiException {
        return parse("{\"prompt\":\"a\"," + fields + "}").parameters();
    }

    @Test
    void takesEveryShapeOfPrompt() throws ApiException {
        assertThat(parse("{\"prompt\":\"Grüße 👋\"}").prompts()).containsExactly(new Prompt.Text("Grüße 👋"));
        assertThat(parse("{\"prompt\":\"\"}").prompts()).containsExactly(new Prompt.Text(""));
        assertThat(parse("{\"prompt\":[\"a\",\"\",\"b\"]}").prompts())
                .containsExactly(new Prompt.Text("a"), new Prompt.Text(""), new Prompt.Text("b"));
        assertThat(tokens("{\"prompt\":[5,6,7]}")).containsExactly(new int[] {5, 6, 7});
        assertThat(tokens("{\"prompt\":[5.0,6e0]}")).containsExactly(new int[] {5, 6});
        assertThat(tokens("{\"prompt\":[[5],[6,7]]}")).containsExactly(new int[] {5}, new int[] {6, 7});
        assertThat(parse("{\"prompt\":[\"a\",[1,2]]}").prompts()).hasSize(2);
    }

    private static List<int[]> tokens(String json) throws ApiException {
        return parse(json).prompts().stream()
                .map(prompt -> ((Prompt.Tokens) prompt).ids())
                .toList();
    }

    @Test
    void readsALongPromptOfTokens() throws ApiException {
        String ids = "7,".repeat(300_000) + "8";
        assertThat(tokens("{\"prompt\":[" + ids + "]}").getFirst())
                .hasSize(300_001)
                .endsWith(8);
    }

    @Test
    void leavesWhatIsAbsentOrNullToTheEngine() throws ApiException {
        GenerationParameters expected = new GenerationParameters(
                -1,
                0,
                new SamplingParameters(Map.of(), null, null, List.of()),
                null,
                List.of(),
                List.of(),
                false,
                null,
                -1,
                1,
                1,
                true,
                "",
                0,
                0,
                null,
                false,
                false);
        assertThat(parse("{\"prompt\":\"a\"}").parameters()).isEqualTo(expected);
        assertThat(parse("{\"prompt\":\"a\"}").model()).isNull();
        assertThat(
                        parameters(
                                "\"model\":null,\"max_tokens\":null,\"max_completion_tokens\":null,\"temperature\":null,"
                                        + "\"top_p\":null,\"top_k\":null,\"min_p\":null,\"seed\":null,\"stop\":null,\"presence_penalty\":null,"
                                        + "\"frequency_penalty\":null,\"repeat_penalty\":null,\"stream\":null,\"stream_options\":null,"
                                        + "\"ignore_eos\":null,\"n\":null,\"logprobs\":null,\"echo\":null,\"suffix\":null,\"logit_bias\":null"))
                .isEqualTo(expected);
    }

    @Test
    void readsEveryParameter() throws ApiException {
        assertThat(parameters("\"max_tokens\":7,\"temperature\":1.5,\"top_k\":3,\"top_p\":0.5,\"min_p\":0.25,"
                        + "\"presence_penalty\":-1,\"frequency_penalty\":2,\"repeat_penalty\":1.25,\"repeat_last_n\":9,"
                        + "\"seed\":42,\"stop\":[\"x\",\"yz\"],\"ignore_eos\":true,\"cache_prompt\":false,\"stream\":true,"
                        + "\"mirostat\":1,\"samplers\":[\"top_k\"],\"dry_sequence_breakers\":[\"a\"],\"min_tokens\":2,"
                        + "\"logit_bias\":{\"5\":-100,\"6\":false},\"stop_token_ids\":[4,5],\"logprobs\":3,\"n\":2,"
                        + "\"grammar\":\"root ::= \\\"a\\\"\",\"cache_salt\":\"salt\",\"n_keep\":12,\"priority\":-1,\"timeout\":1.5,"
                        + "\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}"))
                .isEqualTo(new GenerationParameters(
                        7,
                        2,
                        new SamplingParameters(
                                Map.of(
                                        "temperature", 1.5,
                                        "top_k", 3.0,
                                        "top_p", 0.5,
                                        "min_p", 0.25,
                                        "presence_penalty", -1.0,
                                        "frequency_penalty", 2.0,
                                        "repeat_penalty", 1.25,
                                        "repeat_last_n", 9.0,
                                        "mirostat", 1.0),
                                List.of("top_k"),
                                List.of("a"),
                                List.of(
                                        new SamplingParameters.Bias(5, null, -100f, "logit_bias.5"),
                                        new SamplingParameters.Bias(6, null, -1e9f, "logit_bias.6"))),
                        42L,
                        List.of("x", "yz"),
                        List.of(4, 5),
                        true,
                        "root ::= \"a\"",
                        3,
                        2,
                        2,
                        false,
                        "salt",
                        12,
                        -1,
                        Duration.ofMillis(1500),
                        true,
                        true));
    }

    @Test
    void takesAnyNameOfTheTokenLimit() throws ApiException {
        assertThat(parameters("\"max_completion_tokens\":9").maxTokens()).isEqualTo(9);
        assertThat(parameters("\"n_predict\":9").maxTokens()).isEqualTo(9);
        assertThat(parameters("\"max_tokens\":9,\"max_completion_tokens\":9").maxTokens())
                .isEqualTo(9);
        assertThat(parameters("\"max_tokens\":1e2").maxTokens()).isEqualTo(100);
        assertThat(parameters("\"max_tokens\":2147483647").maxTokens()).isEqualTo(Integer.MAX_VALUE);
        assertThat(parameters("\"max_tokens\":0").maxTokens()).isZero();
        assertThat(parameters("\"max_tokens\":-1").maxTokens()).isEqualTo(-1);
    }

    @Test
    void takesStopAsAStringOrAsSeveral() throws ApiException {
        assertThat(parameters("\"stop\":\"\\n\"").stop()).containsExactly("\n");
        assertThat(parameters("\"stop\":[]").stop()).isEmpty();
        assertThat(parameters("\"stop\":\"\"").stop()).isEmpty();
        assertThat(parameters("\"stop\":[\"\",\"é\"]").stop()).containsExactly("é");
    }

    @Test
    void takesTheWholeRangeOfSeeds() throws ApiException {
        assertThat(parameters("\"seed\":-1").seed()).isEqualTo(-1);
        assertThat(parameters("\"seed\":9223372036854775807").seed()).isEqualTo(Long.MAX_VALUE);
        assertThat(parameters("\"seed\":-9223372036854775808").seed()).isEqualTo(Long.MIN_VALUE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"n\":1",
                "\"n\":1.0",
                "\"best_of\":1",
                "\"logprobs\":false",
                "\"top_logprobs\":0",
                "\"echo\":false",
                "\"suffix\":\"\"",
                "\"tools\":[]",
                "\"tool_choice\":\"none\"",
                "\"tool_choice\":\"auto\"",
                "\"parallel_tool_calls\":true",
                "\"response_format\":{\"type\":\"text\"}",
                "\"logit_bias\":{}",
                "\"grammar\":\"\"",
                "\"modalities\":[\"text\"]",
                "\"repetition_penalty\":1.0",
                "\"skip_special_tokens\":true",
                "\"user\":\"u\"",
                "\"metadata\":{\"a\":{\"b\":[1,{\"c\":null}]}}",
                "\"store\":true",
                "\"service_tier\":\"auto\"",
                "\"prediction\":{\"type\":\"content\",\"content\":\"x\"}",
                "\"prompt_cache_key\":\"k\"",
                "\"safety_identifier\":\"s\"",
                "\"a field of the future\":[1,2]"
            })
    void ignoresWhatChangesNothing(String field) throws ApiException {
        assertThat(parameters(field)).isEqualTo(parse("{\"prompt\":\"a\"}").parameters());
    }
}
