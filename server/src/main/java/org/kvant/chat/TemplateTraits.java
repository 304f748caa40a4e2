package org.kvant.chat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.template.Template;
import org.kvant.template.TemplateException;

/**
 * How a template wants what OpenAI's API lets a client send in several forms; found out by rendering small conversations, since templates don't say
 * it (llama.cpp and vLLM do likewise).
 *
 * @param text whether content may be a string
 * @param parts whether content may be an array of parts
 * @param argumentObjects whether the arguments of tool calls are objects; else JSON text
 * @param noContent whether a message with tool calls may have null for content
 */
record TemplateTraits(boolean text, boolean parts, boolean argumentObjects, boolean noContent) {
    private static final String NEEDLE = "Needle7";

    static TemplateTraits of(Template template, Map<String, String> tokens) {
        boolean text = shows(template, tokens, user(NEEDLE));
        boolean parts = shows(template, tokens, user(List.of(Map.of("type", "text", "text", NEEDLE))));
        Map<String, Object> object = Map.of(NEEDLE, 1);
        String json = "{\"" + NEEDLE + "\": 1}";
        boolean objects = shows(template, tokens, user("Go."), call("", object));
        boolean texts = shows(template, tokens, user("Go."), call("", json));
        boolean bare = shows(template, tokens, user("Go."), call(null, objects ? object : json));
        boolean empty = objects || texts;
        return new TemplateTraits(text || !parts, parts, objects || !texts, bare || !empty);
    }

    private static Map<String, Object> user(Object content) {
        return Map.of("role", "user", "content", content);
    }

    private static Map<String, @Nullable Object> call(@Nullable String content, Object arguments) {
        Map<String, Object> function = Map.of("name", "look", "arguments", arguments);
        Map<String, @Nullable Object> message = new HashMap<>();
        message.put("role", "assistant");
        message.put("content", content);
        message.put("tool_calls", List.of(Map.of("id", "call00001", "type", "function", "function", function)));
        return message;
    }

    /** Whether the needle comes out, and not inside what Python or JSON print for a list, an escaped string or None. */
    @SafeVarargs
    private static boolean shows(
            Template template, Map<String, String> tokens, Map<String, ? extends @Nullable Object>... messages) {
        Map<String, @Nullable Object> variables = ChatTemplate.variables(tokens);
        variables.put("messages", Arrays.asList(messages));
        variables.put("add_generation_prompt", false);
        try {
            String prompt = template.render(variables);
            return prompt.contains(NEEDLE)
                    && !prompt.contains("None")
                    && !prompt.contains("\\\"" + NEEDLE)
                    && !prompt.contains("': '" + NEEDLE)
                    && !prompt.contains("\": \"" + NEEDLE);
        } catch (TemplateException e) {
            return false;
        }
    }
}
