package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.LoggedToken;

/** Where chats and plain completions differ in what is otherwise one format. */
interface Shape {
    /** Of a whole answer. */
    String object();

    /** Of an event. */
    String chunk();

    /** What stands before a piece of text in an event's choice, as JSON. */
    String beforeText();

    /** What stands behind it. */
    String afterText();

    /** Whether a choice's first event brings the role. */
    boolean opens();

    /** A piece of text in an event's choice; null where none comes any more. */
    void piece(JsonGenerator json, @Nullable String text) throws IOException;

    /** The text in a whole answer's choice. */
    void message(JsonGenerator json, String text) throws IOException;

    /**
     * The fields of {@code logprobs}.
     *
     * @param offset characters of the choice's text before these tokens
     */
    void logprobs(JsonGenerator json, List<LoggedToken> tokens, int offset) throws IOException;
}
