package org.kvant.http;

/**
 * A prompt that is sent back before its text.
 *
 * @param text of it
 * @param firstToken its first token, which has no log probability
 * @param silentFirst whether that token isn't part of the text: the tokenizer put it there
 */
record EchoedPrompt(String text, int firstToken, boolean silentFirst) {}
