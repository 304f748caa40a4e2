package org.kvant.api.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.JsonTree;
import org.kvant.api.common.UnsupportedFields;
import org.kvant.chat.ChatInput;
import org.kvant.chat.ChatTurn;
import org.kvant.chat.Conversation;
import org.kvant.chat.TemplateMessages;

/**
 * {@code POST /v1/chat/completions}.
 *
 * @param model null if the request leaves it out
 * @param conversation what the prompt is made of
 * @param parameters everything else
 */
public record ChatRequest(@Nullable String model, Conversation conversation, GenerationParameters parameters) {
    private static final String ASSISTANT = "assistant";

    /** @throws ApiException with status 400 if the body is not such a request, or asks for something that isn't there */
    public static ChatRequest parse(byte[] body) throws ApiException {
        Fields request = JsonTree.parseObject(body);
        UnsupportedFields.refuse(request, ChatInput.FIELDS);
        if (request.bool("echo", false)) {
            throw Fields.invalidValue("echo", "only /v1/completions sends the prompt back.");
        }
        List<ChatTurn> messages = messages(request);
        return new ChatRequest(
                request.string("model"),
                new Conversation(messages, ChatInput.read(request)),
                GenerationParameters.read(request, GenerationParameters::chatLogprobs));
    }

    private static List<ChatTurn> messages(Fields request) throws ApiException {
        List<@Nullable Object> values = request.list("messages", "an array of messages");
        if (values == null) {
            throw Fields.missing("messages");
        }
        if (values.isEmpty()) {
            throw Fields.invalidValue("messages", "the array is empty; send at least one message.");
        }
        List<ChatTurn> turns = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            turns.add(turn(Fields.object(values.get(i), "messages[" + i + "]")));
        }
        int n = turns.size();
        if (n > 1
                && turns.get(n - 1).role().equals(ASSISTANT)
                && turns.get(n - 2).role().equals(ASSISTANT)) {
            throw Fields.invalidValue(
                    "messages",
                    "the last two messages are both the assistant's; the last one is continued, so at most one may stand there.");
        }
        return List.copyOf(turns);
    }

    private static ChatTurn turn(Fields message) throws ApiException {
        String role = message.string("role");
        if (role == null) {
            throw Fields.missing(message.path("role"));
        }
        UnsupportedFields.refuseInMessage(message);
        String turnRole = switch (role) {
            case "system", "user", ASSISTANT, "tool" -> role;
            case "developer" -> "system";
            default ->
                throw Fields.invalidValue(
                        message.path("role"),
                        "expected system, developer, user, assistant or tool, but got '" + ApiError.shorten(role)
                                + "'.");
        };
        return new ChatTurn(turnRole, content(message, role));
    }

    private static String content(Fields message, String role) throws ApiException {
        Object value = message.raw("content");
        String path = message.path("content");
        if (value == null) {
            if (role.equals(ASSISTANT)) {
                return "";
            }
            throw message.names().contains("content")
                    ? Fields.wrongType(path, "a string or an array of text parts", null)
                    : Fields.missing(path);
        }
        if (value instanceof String) {
            return Fields.string(value, path);
        }
        List<@Nullable Object> parts = message.list("content", "a string or an array of text parts");
        for (int i = 0; parts != null && i < parts.size(); i++) {
            checkPart(Fields.object(parts.get(i), path + "[" + i + "]"));
        }
        return TemplateMessages.joined(parts);
    }

    private static void checkPart(Fields part) throws ApiException {
        String type = part.string("type");
        if (type == null) {
            throw Fields.missing(part.path("type"));
        }
        String field = switch (type) {
            case "text", "refusal" -> type;
            default ->
                throw new ApiException(ApiError.invalid(
                        "Unsupported content in '" + part.path("type") + "': this server takes text, not '"
                                + ApiError.shorten(type) + "'.",
                        part.path("type"),
                        "unsupported_value"));
        };
        if (part.string(field) == null) {
            throw Fields.missing(part.path(field));
        }
    }
}
