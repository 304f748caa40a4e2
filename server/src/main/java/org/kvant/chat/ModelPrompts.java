package org.kvant.chat;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.engine.runtime.ModelTemplates;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.UnsupportedTemplateException;
import org.kvant.template.TemplateException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model's chats become prompts: by its own template, or the one chosen at the start; if that cannot be read, by llama.cpp's list, where it stands
 * there. Decided once, when it is first asked for after the model is loaded. Thread-safe.
 */
public final class ModelPrompts {
    private static final Logger LOG = LoggerFactory.getLogger(ModelPrompts.class);

    private record Decision(ChatPrompts prompts, boolean works, String note) {}

    /** How llama.cpp's built-in templates make a prompt of a conversation with this model. */
    @FunctionalInterface
    public interface BuiltInFormat {
        /**
         * @param addAssistant whether the prompt ends with the beginning of the assistant's answer
         * @throws UnsupportedTemplateException if none of them resembles the model's own
         */
        String apply(List<ChatMessage> messages, boolean addAssistant) throws UnsupportedTemplateException;
    }

    private final Supplier<ModelTemplates> own;
    private final BuiltInFormat builtIn;
    private final @Nullable String chosen;
    private volatile @Nullable Decision decision;

    /**
     * @param own the templates in the model's file; asked when the model is loaded
     * @param chosen a template to be used instead of the model's own; null for that
     */
    public ModelPrompts(Supplier<ModelTemplates> own, BuiltInFormat builtIn, @Nullable String chosen) {
        this.own = own;
        this.builtIn = builtIn;
        this.chosen = chosen;
    }

    public ChatPrompts get() {
        return decision().prompts;
    }

    /** Whether there is a template at all. */
    public boolean work() {
        return decision().works;
    }

    /** A line about what is used, for whoever starts the server. */
    public String note() {
        return decision().note;
    }

    private Decision decision() {
        Decision made = decision;
        if (made == null) {
            synchronized (this) {
                made = decision;
                if (made == null) {
                    made = decide();
                    decision = made;
                }
            }
        }
        return made;
    }

    private Decision decide() {
        ModelTemplates templates = own.get();
        Map<String, String> sources = chosen == null ? templates.sources() : Map.of("default", chosen);
        if (!sources.containsKey("default")) {
            return new Decision(
                    _ -> {
                        throw none("The model has no chat template.");
                    },
                    false,
                    "Chat template: the model has none; chats are refused (--chat-template gives it one)");
        }
        try {
            String note = chosen == null ? "the model's own" : "the one chosen";
            return new Decision(new ChatTemplate(sources, templates.tokens()), true, "Chat template: " + note);
        } catch (TemplateException e) {
            LOG.warn("The chat template cannot be read, so llama.cpp's list is asked instead: {}", e.getMessage());
            return builtIn(e);
        }
    }

    private Decision builtIn(TemplateException cause) {
        try {
            boolean known =
                    !builtIn.apply(List.of(new ChatMessage("user", "")), true).isEmpty();
            return new Decision(
                    new BuiltInTemplate(this::format),
                    known,
                    "Chat template: llama.cpp's, since the model's own cannot be read (" + cause.getMessage() + ")");
        } catch (UnsupportedTemplateException e) {
            return new Decision(
                    _ -> {
                        throw none("The model's chat template cannot be read: " + cause.getMessage() + ".");
                    },
                    false,
                    "Chat template: the model's own cannot be read, and chats are refused (" + cause.getMessage()
                            + ")");
        }
    }

    private String format(List<ChatTurn> turns, boolean addAssistant) throws ApiException {
        List<ChatMessage> messages = turns.stream()
                .map(turn -> new ChatMessage(turn.role(), turn.content()))
                .toList();
        try {
            return builtIn.apply(messages, addAssistant);
        } catch (UnsupportedTemplateException e) {
            throw none(String.valueOf(e.getMessage()));
        }
    }

    private static ApiException none(String why) {
        return new ApiException(ApiError.invalid(
                why + " Use /v1/completions with the whole prompt as text instead.",
                "messages",
                "unsupported_chat_template"));
    }
}
