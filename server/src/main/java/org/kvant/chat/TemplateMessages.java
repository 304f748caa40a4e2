package org.kvant.chat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.api.common.JsonTree;

/** Brings messages into the form that a template wants; what it takes as it came stays as it came. */
public final class TemplateMessages {
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    private final TemplateTraits traits;
    private final boolean developer;

    /** @param developer whether the template knows the role of that name */
    TemplateMessages(TemplateTraits traits, boolean developer) {
        this.traits = traits;
        this.developer = developer;
    }

    List<Map<String, @Nullable Object>> of(List<Map<String, @Nullable Object>> messages) {
        List<Map<String, @Nullable Object>> shaped = new ArrayList<>(messages.size());
        for (Map<String, @Nullable Object> message : messages) {
            shaped.add(of(message));
        }
        return shaped;
    }

    private Map<String, @Nullable Object> of(Map<String, @Nullable Object> message) {
        Map<String, @Nullable Object> shaped = new LinkedHashMap<>(message);
        if (!developer && "developer".equals(message.get("role"))) {
            shaped.put("role", "system");
        }
        if (message.get("content") != null) {
            shaped.put("content", content(message.get("content")));
        } else if (!traits.noContent()) {
            shaped.put("content", "");
        }
        if (message.get("tool_calls") instanceof List<?> calls) {
            if (calls.isEmpty()) {
                // Clients send [] for none, but templates ask whether there is something.
                shaped.remove("tool_calls");
            } else {
                shaped.put("tool_calls", calls.stream().map(this::call).toList());
            }
        }
        return withReasoning(shaped);
    }

    private @Nullable Object content(@Nullable Object content) {
        if (content instanceof String text && !traits.text()) {
            return List.of(Map.of("type", "text", "text", text));
        }
        return Fields.elements(content) == null || traits.parts() ? content : joined(content);
    }

    /** llama.cpp joins the parts with line feeds for a template that knows only strings. */
    public static String joined(@Nullable Object parts) {
        List<@Nullable Object> elements = Fields.elements(parts);
        if (elements == null) {
            return parts instanceof String text ? text : "";
        }
        StringJoiner text = new StringJoiner("\n");
        for (Object element : elements) {
            if (element instanceof Map<?, ?> part) {
                Object words = part.get("text") == null ? part.get("refusal") : part.get("text");
                text.add(String.valueOf(words));
            }
        }
        return text.toString();
    }

    private @Nullable Object call(@Nullable Object call) {
        if (!(call instanceof Map<?, ?> fields)
                || !(fields.get("function") instanceof Map<?, ?> function)
                || !(function.get("arguments") instanceof String json)
                || !traits.argumentObjects()) {
            return call;
        }
        Object arguments;
        try {
            arguments =
                    JsonTree.parseObject(json.getBytes(StandardCharsets.UTF_8)).all();
        } catch (ApiException e) {
            // A model's earlier answer may be no JSON; the template gets it as it is.
            return call;
        }
        Map<Object, @Nullable Object> shapedFunction = new LinkedHashMap<>(function);
        shapedFunction.put("arguments", arguments);
        Map<Object, @Nullable Object> shaped = new LinkedHashMap<>(fields);
        shaped.put("function", shapedFunction);
        return shaped;
    }

    /** transformers gives reasoning under the name that templates read, and under gpt-oss's. */
    private static Map<String, @Nullable Object> withReasoning(Map<String, @Nullable Object> message) {
        for (String name : REASONING) {
            Object reasoning = message.get(name);
            if (reasoning != null) {
                Map<String, @Nullable Object> named = new LinkedHashMap<>();
                named.put("thinking", reasoning);
                named.putAll(message);
                named.put("reasoning_content", reasoning);
                return named;
            }
        }
        return message;
    }
}
