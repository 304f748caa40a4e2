package org.kvant.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.openai.ChatRequest;
import org.kvant.template.TemplateException;

/** Chats through Jinja templates; the language itself is tested where it is interpreted. */
class ChatTemplateTest {
    private static final Map<String, String> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");
    private static final String CHATML =
            "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + eos_token }}"
                    + "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
    private static final String USER = "{\"role\":\"user\",\"content\":\"Hi\"}";
    private static final String TOOL =
            "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"b\":1.0,\"a\":[1,2]}}}";
    private static final String CALL =
            "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\","
                    + "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":[1],\\\"y\\\":\\\"é\\\"}\"}}]}";

    private static String prompt(String template, String rest) throws ApiException {
        return prompt(Map.of("default", template), rest);
    }

    private static String prompt(Map<String, String> templates, String rest) throws ApiException {
        byte[] body = ("{\"messages\":[" + rest + "}").getBytes(StandardCharsets.UTF_8);
        return new ChatTemplate(templates, TOKENS)
                .prompt(ChatRequest.parse(body).conversation());
    }

    private static ApiError refused(String template, String rest) {
        try {
            throw new AssertionError("Rendered: " + prompt(template, rest));
        } catch (ApiException e) {
            assertThat(e.error().status()).isEqualTo(400);
            return e.error();
        }
    }

    @Test
    void rendersMessagesAndTokens() throws ApiException {
        assertThat(prompt(CHATML, USER + "]")).isEqualTo("<|user|>Hi</s><|assistant|>");
        assertThat(prompt(CHATML, USER + "],\"add_generation_prompt\":false")).isEqualTo("<|user|>Hi</s>");
        assertThat(prompt(
                        "{{ bos_token }}{{ tools is none }}{{ documents is none }}{{ messages[0].content }}",
                        USER + "]"))
                .isEqualTo("<s>TrueTrueHi");
    }

    @Test
    void givesAllFieldsOfAMessage() throws ApiException {
        assertThat(prompt(
                        "{{ messages[0] | tojson }}",
                        "{\"role\":\"user\",\"content\":\"Hi\",\"name\":\"Ann\",\"extra\":{\"n\":[1,2.0,null,true]}}]"))
                .isEqualTo(
                        "{\"role\": \"user\", \"content\": \"Hi\", \"name\": \"Ann\", \"extra\": {\"n\": [1, 2.0, null, true]}}");
    }

    @Test
    void givesToolsKwargsAndDocuments() throws ApiException {
        String template = "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{{ enable_thinking }}"
                + "{% for d in documents or [] %}{{ d.title }}{% endfor %}{{ messages[0].content }}";
        assertThat(prompt(
                        template,
                        USER + "],\"tools\":[" + TOOL + "],\"documents\":[{\"title\":\"T\"}],"
                                + "\"chat_template_kwargs\":{\"enable_thinking\":false}"))
                .isEqualTo(
                        "{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {\"b\": 1.0, \"a\": [1, 2]}}}FalseTHi");
        assertThat(prompt(template, USER + "],\"tools\":[" + TOOL + "],\"tool_choice\":\"none\""))
                .isEqualTo("Hi");
        assertThat(prompt(template, USER + "],\"tools\":[]")).isEqualTo("Hi");
    }

    @Test
    void takesTheVariantForTools() throws ApiException {
        Map<String, String> templates = new HashMap<>(Map.of("default", CHATML, "tool_use", "T{{ tools | length }}"));
        templates.put("rag", "R{{ documents | length }}");
        assertThat(prompt(templates, USER + "]")).isEqualTo("<|user|>Hi</s><|assistant|>");
        assertThat(prompt(templates, USER + "],\"tools\":[" + TOOL + "]")).isEqualTo("T1");
        assertThat(prompt(templates, USER + "],\"documents\":[{}]")).isEqualTo("R1");
    }

    @Test
    void givesArgumentsInTheFormThatTheTemplateWants() throws ApiException {
        String messages = USER + "," + CALL + "," + USER + "]";
        String loop = "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}";
        assertThat(prompt(loop + "{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}", messages))
                .isEqualTo("Hi{\"x\": [1], \"y\": \"é\"}Hi");
        assertThat(prompt(
                        loop
                                + "{% for k, v in c.function.arguments | items %}{{ k }}={{ v }};{% endfor %}{% endfor %}{% endfor %}",
                        messages))
                .isEqualTo("Hix=[1];y=é;Hi");
        assertThat(prompt(loop + "{{ '' + c.function.arguments }}{% endfor %}{% endfor %}", messages))
                .isEqualTo("Hi{\"x\":[1],\"y\":\"é\"}Hi");
    }

    @Test
    void givesNoContentWhereTheTemplateAsksForIt() throws ApiException {
        String asking =
                "{% for m in messages %}{% if m.content is none %}{{ m.tool_calls[0].function.arguments | tojson }}"
                        + "{% else %}{{ m.content }}{% endif %}{% endfor %}";
        assertThat(prompt(asking, USER + "," + CALL + "," + USER + "]")).isEqualTo("Hi{\"x\": [1], \"y\": \"é\"}Hi");
    }

    @Test
    void givesContentInTheFormThatTheTemplateWants() throws ApiException {
        String parts =
                "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]";
        assertThat(prompt(CHATML, parts)).isEqualTo("<|user|>a\nb</s><|assistant|>");
        String wantsParts = "{% for m in messages %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endfor %}";
        assertThat(prompt(wantsParts, parts)).isEqualTo("[a][b]");
        assertThat(prompt(wantsParts, USER + "]")).isEqualTo("[Hi]");
    }

    @Test
    void knowsDevelopersWhereTheTemplateDoes() throws ApiException {
        String developer = "{\"role\":\"developer\",\"content\":\"D\"}," + USER + "]";
        assertThat(prompt(CHATML, developer)).startsWith("<|system|>D");
        assertThat(prompt(CHATML + "{# #}{{ '' if 'developer' }}", developer)).startsWith("<|developer|>D");
    }

    @Test
    void givesReasoningUnderBothNames() throws ApiException {
        String template = "{% for m in messages %}{{ m.thinking }}{{ m.reasoning_content }}{{ m.content }}{% endfor %}";
        assertThat(prompt(template, "{\"role\":\"assistant\",\"content\":\"A\",\"reasoning\":\"R\"}," + USER + "]"))
                .isEqualTo("RRAHi");
    }

    @Test
    void continuesTheLastMessage() throws ApiException {
        String messages = USER + ",{\"role\":\"assistant\",\"content\":\"Once \"}]";
        assertThat(prompt(CHATML, messages)).isEqualTo("<|user|>Hi</s><|assistant|>Once ");
        assertThat(prompt(CHATML, messages + ",\"continue_final_message\":true"))
                .isEqualTo("<|user|>Hi</s><|assistant|>Once ");
        assertThat(prompt(CHATML, messages + ",\"continue_final_message\":false"))
                .isEqualTo("<|user|>Hi</s><|assistant|>Once </s><|assistant|>");
        assertThat(prompt(CHATML, messages + ",\"add_generation_prompt\":false"))
                .isEqualTo("<|user|>Hi</s><|assistant|>Once </s>");
        String trimming = CHATML.replace("m['content']", "(m['content'] | trim)");
        assertThat(prompt(trimming, messages)).isEqualTo("<|user|>Hi</s><|assistant|>Once");
        String dropping = "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"
                + "{% if add_generation_prompt %}A:{% endif %}";
        assertThat(prompt(dropping, messages)).isEqualTo("HiA:Once ");
    }

    @Test
    void tellsWhatTheTemplateSays() {
        ApiError error = refused("\n{{ raise_exception('Roles must alternate!') }}", USER + "]");
        assertThat(error.message()).contains("refuses these messages: Roles must alternate!");
        assertThat(error.param()).isEqualTo("messages");
        assertThat(error.code()).isEqualTo("chat_template_error");
        assertThat(refused("\n{{ messages[5].content.x }}", USER + "]").message())
                .contains("line 2, in {{ messages[5].content.x }}");
    }

    @Test
    void refusesWhatTheTemplateHasNoPlaceFor() {
        assertThat(refused(CHATML, USER + "],\"tools\":[" + TOOL + "]").param()).isEqualTo("tools");
        assertThat(refused(CHATML, USER + "],\"documents\":[{}]").param()).isEqualTo("documents");
        assertThat(refused(CHATML, CALL + "," + USER + "]").param()).isEqualTo("messages[0].tool_calls");
    }

    @Test
    void refusesATextThatIsNoUnicode() {
        assertThat(refused(
                                "{{ messages[0].name ~ messages[0].content }}",
                                "{\"role\":\"user\",\"content\":\"\",\"name\":\"\\ud800\"}]")
                        .code())
                .isEqualTo("invalid_unicode");
    }

    @Test
    void saysWhatCannotBeRead() {
        assertThatExceptionOfType(TemplateException.class)
                .isThrownBy(() -> new ChatTemplate(Map.of("default", "{% nope %}"), TOKENS))
                .withMessageContaining("line 1, in {% nope %}");
    }

    @Test
    void aListOfTurnsTakesOnlyTexts() throws ApiException {
        BuiltInTemplate builtIn = new BuiltInTemplate((turns, add) -> turns.size() + (add ? "+" : ""));
        byte[] plain = ("{\"messages\":[" + USER + ",{\"role\":\"assistant\",\"content\":\"Yes\"}]}")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(builtIn.prompt(ChatRequest.parse(plain).conversation())).isEqualTo("1+Yes");
        byte[] tools = ("{\"messages\":[" + USER + "],\"tools\":[" + TOOL + "]}").getBytes(StandardCharsets.UTF_8);
        assertThatExceptionOfType(ApiException.class)
                .isThrownBy(() -> builtIn.prompt(ChatRequest.parse(tools).conversation()))
                .withMessageContaining("'tools'");
    }
}
