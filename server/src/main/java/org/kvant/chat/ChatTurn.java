package org.kvant.chat;

/**
 * One message of a chat, as a template sees it.
 *
 * @param role system, user, assistant or tool (developer has become system)
 * @param content its text; may be empty
 */
public record ChatTurn(String role, String content) {}
