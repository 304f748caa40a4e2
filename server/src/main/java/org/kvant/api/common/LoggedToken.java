package org.kvant.api.common;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A token with its natural log probability.
 *
 * @param text its own text; bytes that aren't UTF-8 are U+FFFD
 * @param bytes its bytes
 * @param logprob null for the first token of a text, which nothing precedes
 * @param top the most likely tokens in its place, most likely first
 * @param silent whether its text isn't part of what is sent, as of a token that the tokenizer puts before a text
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LoggedToken(
        String text, byte[] bytes, @Nullable Float logprob, List<Alternative> top, boolean silent) {

    /** A token that might have come. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Alternative(String text, byte[] bytes, float logprob) {}

    /** Characters (Unicode code points) that begin in this token. */
    public int characters() {
        int count = 0;
        for (byte b : bytes) {
            count += (b & 0xC0) == 0x80 ? 0 : 1;
        }
        return silent ? 0 : count;
    }
}
