package org.kvant.llama;

import java.util.Objects;

/**
 * One message of a conversation.
 *
 * @param role such as {@code system}, {@code user} or {@code assistant}
 * @param content its text
 */
public record ChatMessage(String role, String content) {
    public ChatMessage {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(content, "content");
    }
}
