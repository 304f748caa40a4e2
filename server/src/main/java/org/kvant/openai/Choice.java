package org.kvant.openai;

/**
 * One finished text.
 *
 * @param text may be empty
 * @param finishReason stop or length
 */
public record Choice(String text, String finishReason) {}
