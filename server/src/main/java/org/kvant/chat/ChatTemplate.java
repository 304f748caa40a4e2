package org.kvant.chat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.template.Template;
import org.kvant.template.TemplateException;

/**
 * A model's own Jinja templates, used as transformers' {@code apply_chat_template} does: the one named {@code tool_use} where there are tools, {@code
 * rag} where there are documents. Parsed and probed once; thread-safe.
 */
public final class ChatTemplate implements ChatPrompts {
    private static final String DEFAULT = "default";
    /** The space shows whether the template keeps what stands at a message's end. */
    private static final String TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

    private record Variant(Template template, TemplateTraits traits) {}

    private final Map<String, Variant> variants = new HashMap<>();
    private final Map<String, String> tokens;

    /**
     * @param sources by name; {@code default} must be among them
     * @param tokens texts of special tokens by the template's names for them, as {@code bos_token}
     * @throws TemplateException if one is not in the language
     */
    public ChatTemplate(Map<String, String> sources, Map<String, String> tokens) {
        this.tokens = Map.copyOf(tokens);
        sources.forEach((name, source) -> {
            Template template = Template.parse(source);
            variants.put(name, new Variant(template, TemplateTraits.of(template, tokens)));
        });
        if (!variants.containsKey(DEFAULT)) {
            throw new IllegalArgumentException("There is no template named " + DEFAULT);
        }
    }

    /** What every rendering is given, as transformers gives it: null where nothing was sent. */
    static Map<String, @Nullable Object> variables(Map<String, String> tokens) {
        Map<String, @Nullable Object> variables = new HashMap<>(tokens);
        variables.put("tools", null);
        variables.put("documents", null);
        return variables;
    }

    @Override
    public String prompt(Conversation request) throws ApiException {
        ChatInput input = request.input();
        Variant variant = variant(input);
        refuseWhatHasNoPlace(variant.template, input);
        TemplateMessages shape = new TemplateMessages(
                variant.traits, variant.template.mentions("'developer'") || variant.template.mentions("\"developer\""));
        List<Map<String, @Nullable Object>> messages = shape.of(input.messages());
        String prompt = input.continueLast()
                ? continued(variant.template, input, messages)
                : render(variant.template, input, messages, input.addGenerationPrompt());
        return Fields.string(prompt, "messages");
    }

    private Variant variant(ChatInput input) {
        Variant chosen = null;
        if (!input.tools().isEmpty()) {
            chosen = variants.get("tool_use");
        } else if (!input.documents().isEmpty()) {
            chosen = variants.get("rag");
        }
        return chosen == null ? Objects.requireNonNull(variants.get(DEFAULT)) : chosen;
    }

    /** A template would drop it without a word, and the client believe that the model had seen it. */
    private static void refuseWhatHasNoPlace(Template template, ChatInput input) throws ApiException {
        if (!input.tools().isEmpty() && !template.mentions("tools")) {
            throw noPlace("tools", "tools", "Describe them in a message, or serve a model that was made for tools.");
        }
        if (!input.documents().isEmpty() && !template.mentions("documents")) {
            throw noPlace("documents", "documents", "Put them into a message.");
        }
        for (int i = 0; i < input.messages().size(); i++) {
            if (input.messages().get(i).get("tool_calls") instanceof List<?> calls
                    && !calls.isEmpty()
                    && !template.mentions("tool_calls")) {
                throw noPlace(
                        "messages[" + i + "].tool_calls",
                        "tool calls",
                        "Put the call into the content, as the model wrote it.");
            }
        }
    }

    private static ApiException noPlace(String path, String what, String remedy) {
        return new ApiException(ApiError.invalid(
                "Unsupported parameter: '" + path + "': the model's chat template has no place for " + what + ". "
                        + remedy,
                path,
                "unsupported_parameter"));
    }

    private String render(
            Template template, ChatInput input, List<Map<String, @Nullable Object>> messages, boolean addPrompt)
            throws ApiException {
        Map<String, @Nullable Object> variables = variables(tokens);
        variables.putAll(input.variables());
        variables.put("messages", messages);
        variables.put("tools", input.tools().isEmpty() ? null : input.tools());
        variables.put("documents", input.documents().isEmpty() ? null : input.documents());
        variables.put("add_generation_prompt", addPrompt);
        try {
            return template.render(variables);
        } catch (TemplateException e) {
            String message = e.kind() == TemplateException.Kind.RAISED
                    ? "The model's chat template refuses these messages: " + e.reason()
                    : "The model's chat template cannot take these messages: " + e.getMessage();
            throw new ApiException(ApiError.invalid(message, "messages", "chat_template_error"));
        }
    }

    /** transformers' way: the message gets a mark at its end, and what the template puts behind it is cut off. */
    private String continued(Template template, ChatInput input, List<Map<String, @Nullable Object>> messages)
            throws ApiException {
        Map<String, @Nullable Object> last = messages.getLast();
        String begun = lastText(last.get("content"));
        List<Map<String, @Nullable Object>> marked = new ArrayList<>(messages);
        marked.set(marked.size() - 1, marked(last));
        String prompt = render(template, input, marked, false);
        int at = prompt.lastIndexOf(TAG.strip());
        if (at < 0 || !prompt.contains(begun.strip())) {
            // The template leaves such a message out, or changes it: the answer begins with it all the same.
            return render(template, input, messages.subList(0, messages.size() - 1), true) + begun;
        }
        String kept = prompt.substring(0, at);
        return prompt.startsWith(TAG, at) ? kept : kept.stripTrailing();
    }

    private static String lastText(@Nullable Object content) {
        if (content instanceof List<?> parts && !parts.isEmpty()) {
            return parts.getLast() instanceof Map<?, ?> part && part.get("text") instanceof String text ? text : "";
        }
        return content instanceof String text ? text : "";
    }

    private static Map<String, @Nullable Object> marked(Map<String, @Nullable Object> message) {
        Map<String, @Nullable Object> marked = new LinkedHashMap<>(message);
        if (message.get("content") instanceof List<?> parts && !parts.isEmpty()) {
            List<Object> all = new ArrayList<>(parts);
            all.set(all.size() - 1, Map.of("type", "text", "text", lastText(parts) + TAG));
            marked.put("content", all);
        } else {
            marked.put("content", lastText(message.get("content")) + TAG);
        }
        return marked;
    }
}
