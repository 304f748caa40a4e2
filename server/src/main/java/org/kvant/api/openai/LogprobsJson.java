package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.LoggedToken;

/** The field {@code logprobs} of a choice, in the shape of chats or in that of plain completions. */
final class LogprobsJson {
    /** JSON has no infinity; a token that can't come has this log probability, as under OpenAI. */
    private static final float IMPOSSIBLE = -9999f;

    private LogprobsJson() {}

    /**
     * @param tokens null writes null
     * @param offset characters of the choice's text before these tokens; chats don't show it
     */
    static void write(JsonGenerator json, Shape shape, @Nullable List<LoggedToken> tokens, int offset)
            throws IOException {
        if (tokens == null) {
            json.writeNullField("logprobs");
            return;
        }
        json.writeObjectFieldStart("logprobs");
        shape.logprobs(json, tokens, offset);
        json.writeEndObject();
    }

    /** Characters of these tokens' text. */
    static int characters(List<LoggedToken> tokens) {
        return tokens.stream().mapToInt(LoggedToken::characters).sum();
    }

    static void chat(JsonGenerator json, List<LoggedToken> tokens) throws IOException {
        json.writeArrayFieldStart("content");
        for (LoggedToken token : tokens) {
            json.writeStartObject();
            entry(json, token.text(), token.bytes(), token.logprob() == null ? 0 : token.logprob());
            json.writeArrayFieldStart("top_logprobs");
            for (LoggedToken.Alternative other : token.top()) {
                json.writeStartObject();
                entry(json, other.text(), other.bytes(), other.logprob());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNullField("refusal");
    }

    private static void entry(JsonGenerator json, String text, byte[] bytes, float logprob) throws IOException {
        json.writeStringField("token", text);
        json.writeNumberField("logprob", finite(logprob));
        json.writeArrayFieldStart("bytes");
        for (byte b : bytes) {
            json.writeNumber(b & 0xFF);
        }
        json.writeEndArray();
    }

    static void completion(JsonGenerator json, List<LoggedToken> tokens, int offset) throws IOException {
        json.writeArrayFieldStart("tokens");
        for (LoggedToken token : tokens) {
            json.writeString(token.text());
        }
        json.writeEndArray();
        json.writeArrayFieldStart("token_logprobs");
        for (LoggedToken token : tokens) {
            if (token.logprob() == null) {
                json.writeNull();
            } else {
                json.writeNumber(finite(token.logprob()));
            }
        }
        json.writeEndArray();
        json.writeArrayFieldStart("top_logprobs");
        for (LoggedToken token : tokens) {
            top(json, token);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("text_offset");
        int at = offset;
        for (LoggedToken token : tokens) {
            json.writeNumber(at);
            at += token.characters();
        }
        json.writeEndArray();
    }

    /** The most likely ones and the token itself, by text; of several with the same text the most likely. */
    private static void top(JsonGenerator json, LoggedToken token) throws IOException {
        if (token.logprob() == null) {
            json.writeNull();
            return;
        }
        json.writeStartObject();
        Set<String> written = new HashSet<>();
        for (LoggedToken.Alternative other : token.top()) {
            if (written.add(other.text())) {
                json.writeNumberField(other.text(), finite(other.logprob()));
            }
        }
        if (!token.top().isEmpty() && written.add(token.text())) {
            json.writeNumberField(token.text(), finite(token.logprob()));
        }
        json.writeEndObject();
    }

    private static float finite(float logprob) {
        return Float.isFinite(logprob) ? logprob : IMPOSSIBLE;
    }
}
