package org.kvant.chat;

import java.util.List;

/**
 * What a chat's prompt is made of.
 *
 * @param messages at least one, as role and text
 * @param input the same with all that a template may want
 */
public record Conversation(List<ChatTurn> messages, ChatInput input) {}
