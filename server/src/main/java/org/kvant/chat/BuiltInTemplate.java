package org.kvant.chat;

import java.util.List;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;

/**
 * Prompts by a list of templates that somebody else knows: llama.cpp's, for a model whose own template cannot be read. It takes roles and texts only.
 */
public final class BuiltInTemplate implements ChatPrompts {
    /** Formats turns. */
    @FunctionalInterface
    public interface Formatter {
        /** @throws ApiException with status 400 if the template isn't known */
        String format(List<ChatTurn> turns, boolean addAssistant) throws ApiException;
    }

    private final Formatter formatter;

    public BuiltInTemplate(Formatter formatter) {
        this.formatter = formatter;
    }

    @Override
    public String prompt(Conversation request) throws ApiException {
        ChatInput input = request.input();
        refuse("tools", input.tools().isEmpty());
        refuse("documents", input.documents().isEmpty());
        refuse("chat_template_kwargs", input.variables().isEmpty());
        for (int i = 0; i < input.messages().size(); i++) {
            boolean none = !(input.messages().get(i).get("tool_calls") instanceof List<?> calls) || calls.isEmpty();
            refuse("messages[" + i + "].tool_calls", none);
        }
        List<ChatTurn> turns = request.messages();
        if (!input.continueLast()) {
            return formatter.format(turns, input.addGenerationPrompt());
        }
        if (turns.size() == 1) {
            throw Fields.invalidValue(
                    "messages", "the assistant's message is continued, so another one must stand before it.");
        }
        return formatter.format(turns.subList(0, turns.size() - 1), true)
                + turns.getLast().content();
    }

    private static void refuse(String path, boolean absent) throws ApiException {
        if (!absent) {
            throw new ApiException(ApiError.invalid(
                    "Unsupported parameter: '" + path
                            + "': this model's own chat template could not be read, and llama.cpp's has no place for it.",
                    path,
                    "unsupported_parameter"));
        }
    }
}
