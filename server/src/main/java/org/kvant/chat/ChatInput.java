package org.kvant.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;

/**
 * What of a chat request goes into the template as it came.
 *
 * @param messages with all their fields, as JSON objects
 * @param tools functions that the model may call; empty if there are none, or if {@code tool_choice} is {@code none}
 * @param documents for templates that put retrieved texts into the prompt
 * @param variables {@code chat_template_kwargs}, as {@code enable_thinking}
 * @param addGenerationPrompt whether the prompt ends with the opening of the assistant's turn
 * @param continueLast whether the last message, the assistant's, is the beginning of the answer instead
 */
public record ChatInput(
        List<Map<String, @Nullable Object>> messages,
        List<Map<String, @Nullable Object>> tools,
        List<Map<String, @Nullable Object>> documents,
        Map<String, @Nullable Object> variables,
        boolean addGenerationPrompt,
        boolean continueLast) {
    /** Fields that this reads; without a chat they mean nothing. */
    public static final Set<String> FIELDS =
            Set.of("tools", "documents", "chat_template_kwargs", "add_generation_prompt", "continue_final_message");

    private static final Set<String> RESERVED = Set.of(
            "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "chat_template");

    public static ChatInput read(Fields request) throws ApiException {
        List<Map<String, @Nullable Object>> messages = objects(request, "messages");
        for (int i = 0; i < messages.size(); i++) {
            checkCalls(new Fields(messages.get(i), "messages[" + i + "]"));
        }
        boolean add = request.bool("add_generation_prompt", true);
        boolean continued = continues(request, messages.getLast(), add);
        List<Map<String, @Nullable Object>> tools = objects(request, "tools");
        for (int i = 0; i < tools.size(); i++) {
            checkTool(new Fields(tools.get(i), "tools[" + i + "]"));
        }
        boolean none = "none".equals(request.raw("tool_choice"));
        Fields kwargs = request.object("chat_template_kwargs");
        if (kwargs != null) {
            for (String name : kwargs.names()) {
                if (RESERVED.contains(name)) {
                    throw Fields.invalidValue(kwargs.path(name), "send it as a field of the request.");
                }
            }
        }
        return new ChatInput(
                messages,
                none ? List.of() : tools,
                objects(request, "documents"),
                kwargs == null ? Map.of() : kwargs.all(),
                add && !continued,
                continued);
    }

    /** As under llama-server the assistant's last message is continued; the fields of vLLM's API say otherwise. */
    private static boolean continues(Fields request, Map<String, @Nullable Object> last, boolean add)
            throws ApiException {
        boolean assistant = "assistant".equals(last.get("role"));
        if (!request.has("continue_final_message")) {
            boolean open = !(last.get("tool_calls") instanceof List<?> calls) || calls.isEmpty();
            return assistant && add && open;
        }
        boolean wanted = request.bool("continue_final_message", false);
        if (wanted && !assistant) {
            throw Fields.invalidValue("continue_final_message", "the last message is not the assistant's.");
        }
        if (wanted && request.has("add_generation_prompt") && add) {
            throw Fields.invalidValue(
                    "continue_final_message",
                    "a continued message has no generation prompt; send only one of the two.");
        }
        return wanted;
    }

    private static void checkCalls(Fields message) throws ApiException {
        List<@Nullable Object> calls = message.list("tool_calls", "an array of tool calls");
        for (int i = 0; calls != null && i < calls.size(); i++) {
            Fields call = Fields.object(calls.get(i), message.path("tool_calls") + "[" + i + "]");
            Fields function = call.object("function");
            if (function == null) {
                throw Fields.missing(call.path("function"));
            }
            if (function.string("name") == null) {
                throw Fields.missing(function.path("name"));
            }
            Object arguments = function.raw("arguments");
            if (arguments != null && !(arguments instanceof String) && !(arguments instanceof Map)) {
                throw Fields.wrongType(function.path("arguments"), "a string of JSON or an object", arguments);
            }
        }
    }

    private static void checkTool(Fields tool) throws ApiException {
        String type = tool.string("type");
        if (type != null && !type.equals("function")) {
            throw Fields.invalidValue(
                    tool.path("type"), "expected 'function', but got '" + ApiError.shorten(type) + "'.");
        }
        Fields function = tool.object("function");
        if (function == null) {
            throw Fields.missing(tool.path("function"));
        }
        if (function.string("name") == null) {
            throw Fields.missing(function.path("name"));
        }
    }

    private static List<Map<String, @Nullable Object>> objects(Fields request, String name) throws ApiException {
        List<@Nullable Object> values = request.list(name, "an array of objects");
        List<Map<String, @Nullable Object>> objects = new ArrayList<>();
        for (int i = 0; values != null && i < values.size(); i++) {
            objects.add(Fields.object(values.get(i), name + "[" + i + "]").all());
        }
        return List.copyOf(objects);
    }
}
