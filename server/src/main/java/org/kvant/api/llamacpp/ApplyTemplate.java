package org.kvant.api.llamacpp;

import org.kvant.api.Dialect;
import org.kvant.api.GenerationBody;
import org.kvant.api.Query;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.JsonText;
import org.kvant.api.common.Refusing;
import org.kvant.chat.Conversation;

/** {@code POST /apply-template}: a chat to its prompt. */
public final class ApplyTemplate implements Query {
    @Override
    public String path() {
        return "/apply-template";
    }

    @Override
    public byte[] answer(Models models, byte[] body) throws ApiException {
        GenerationBody request = chats.parse(body);
        if (!(request.input() instanceof GenerationBody.Chat(Conversation conversation))) {
            throw new IllegalStateException(chats.path() + " reads no chats");
        }
        Model model = models.find(request.model());
        String prompt = Refusing.arguments("messages", () -> model.chatPrompts().prompt(conversation));
        return JsonText.bytes(json -> {
            json.writeStartObject();
            json.writeStringField("prompt", prompt);
            json.writeEndObject();
        });
    }

    private final Dialect chats;

    /** @param chats reads the body, which is that of a chat */
    public ApplyTemplate(Dialect chats) {
        this.chats = chats;
    }
}
