package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.AnswerEvents;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.JsonText;
import org.kvant.api.common.LoggedToken;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;

/**
 * The server-sent events of one streamed answer: {@code chat.completion.chunk} or {@code text_completion} objects. Each method appends one event
 * to a buffer, so that several go out in one write. Not thread-safe.
 *
 * <p>For each choice: {@link #begin}, {@link #text} any number of times, {@link #end}; then once {@link #usage} if it was asked for, and
 * {@link #done}.
 */
final class CompletionEvents implements AnswerEvents {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Shape shape;
    private final ResponseHead head;
    private final boolean usageFollows;
    /** Up to the choice's index; these bytes and the ones after the text are the same in every event. */
    private final byte[] beforeIndex;

    private final byte[] beforeText;
    private final byte[] afterText;

    /** @param usageFollows whether {@link #usage} will be called: then all other events hold a null there, as OpenAI's do */
    CompletionEvents(Shape shape, ResponseHead head, boolean usageFollows) {
        this.shape = shape;
        this.head = head;
        this.usageFollows = usageFollows;
        String open = new String(
                JsonText.bytes(json -> {
                    head.writeTo(json, object());
                    json.writeEndObject();
                }),
                StandardCharsets.UTF_8);
        beforeIndex = utf8("data: " + open.substring(0, open.length() - 1) + ",\"choices\":[{\"index\":");
        beforeText = utf8(shape.beforeText());
        afterText = utf8(shape.afterText() + ",\"logprobs\":null,\"finish_reason\":null}]"
                + (usageFollows ? ",\"usage\":null" : "") + "}\n\n");
    }

    /** The role, which a chat's first event brings; a plain completion has no such event. */
    @Override
    public void begin(ByteArrayOutputStream out, int index) {
        if (!shape.opens()) {
            return;
        }
        event(out, json -> {
            startChoice(json, index);
            json.writeObjectFieldStart("delta");
            json.writeStringField("role", "assistant");
            json.writeStringField("content", "");
            json.writeEndObject();
            json.writeNullField("logprobs");
            json.writeNullField("finish_reason");
            endChoice(json, null);
        });
    }

    /** A piece of text. */
    @Override
    public void text(ByteArrayOutputStream out, int index, String text) {
        out.writeBytes(beforeIndex);
        out.writeBytes(utf8(Integer.toString(index)));
        out.writeBytes(beforeText);
        out.writeBytes(JsonStringEncoder.getInstance().quoteAsUTF8(text));
        out.writeBytes(afterText);
    }

    /**
     * A piece of text with its tokens.
     *
     * @param offset characters of this choice that came before
     * @return characters of these tokens
     */
    @Override
    public int text(ByteArrayOutputStream out, int index, String text, List<LoggedToken> tokens, int offset) {
        event(out, json -> {
            startChoice(json, index);
            shape.piece(json, text);
            LogprobsJson.write(json, shape, tokens, offset);
            json.writeNullField("finish_reason");
            endChoice(json, null);
        });
        return LogprobsJson.characters(tokens);
    }

    /** The end of one choice. */
    @Override
    public void end(ByteArrayOutputStream out, int index, String finishReason, @Nullable PhaseTimes times) {
        event(out, json -> {
            startChoice(json, index);
            shape.piece(json, null);
            json.writeNullField("logprobs");
            json.writeStringField("finish_reason", finishReason);
            endChoice(json, times);
        });
    }

    /** The token counts of the whole answer, with no choices. */
    @Override
    public void usage(ByteArrayOutputStream out, TokenCounts usage) {
        event(out, json -> {
            head.writeTo(json, object());
            json.writeArrayFieldStart("choices");
            json.writeEndArray();
            usage.writeTo(json);
            json.writeEndObject();
        });
    }

    /** The end of the stream. */
    @Override
    public void done(ByteArrayOutputStream out) {
        out.writeBytes(DONE);
    }

    /** A failure after the answer began, in place of all that would have followed. */
    @Override
    public void error(ByteArrayOutputStream out, ApiError error) {
        out.writeBytes(DATA);
        out.writeBytes(error.toJson());
        out.writeBytes(END);
    }

    private String object() {
        return shape.chunk();
    }

    private static void event(ByteArrayOutputStream out, JsonText.Body body) {
        out.writeBytes(DATA);
        out.writeBytes(JsonText.bytes(body));
        out.writeBytes(END);
    }

    private void startChoice(JsonGenerator json, int index) throws IOException {
        head.writeTo(json, object());
        json.writeArrayFieldStart("choices");
        json.writeStartObject();
        json.writeNumberField("index", index);
    }

    private void endChoice(JsonGenerator json, @Nullable PhaseTimes times) throws IOException {
        json.writeEndObject();
        json.writeEndArray();
        if (usageFollows) {
            json.writeNullField("usage");
        }
        if (times != null) {
            times.writeTo(json);
        }
        json.writeEndObject();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
