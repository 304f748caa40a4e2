package org.kvant.api;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.LoggedToken;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.TokenCounts;

/**
 * The server-sent events of one streamed answer. Each method appends to a buffer, so that several events go out in one write. Not thread-safe.
 *
 * <p>For each choice: {@link #begin}, {@link #text} any number of times, {@link #end}; then once {@link #usage} if it was asked for, and
 * {@link #done}; or {@link #error} in place of all that would have followed.
 */
public interface AnswerEvents {
    /** A choice begins. */
    void begin(ByteArrayOutputStream out, int index);

    /** A piece of text. */
    void text(ByteArrayOutputStream out, int index, String text);

    /**
     * A piece of text with its tokens.
     *
     * @param offset characters of this choice that came before
     * @return characters of these tokens
     */
    int text(ByteArrayOutputStream out, int index, String text, List<LoggedToken> tokens, int offset);

    /** The end of one choice. */
    void end(ByteArrayOutputStream out, int index, String finishReason, @Nullable PhaseTimes times);

    /** The token counts of the whole answer. */
    void usage(ByteArrayOutputStream out, TokenCounts usage);

    /** The end of the stream. */
    void done(ByteArrayOutputStream out);

    /** A failure after the answer began. */
    void error(ByteArrayOutputStream out, ApiError error);
}
