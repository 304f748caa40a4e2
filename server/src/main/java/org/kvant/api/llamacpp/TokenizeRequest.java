package org.kvant.api.llamacpp;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.api.common.JsonText;
import org.kvant.api.common.JsonTree;
import org.kvant.api.common.Prompt;

/**
 * {@code POST /tokenize} with llama-server's fields.
 *
 * @param model the model's id; null if none is named
 * @param content texts and token ids in their order: one text, or a mixture, of which the tokens pass through
 * @param addSpecial {@code add_special}: whether the model's BOS and EOS rules apply to the beginning; default no
 * @param parseSpecial {@code parse_special}: whether the text of special tokens becomes those tokens; default yes
 * @param withPieces {@code with_pieces}: whether each token's text is sent along; default no
 */
public record TokenizeRequest(
        @Nullable String model, List<Prompt> content, boolean addSpecial, boolean parseSpecial, boolean withPieces) {

    public static TokenizeRequest parse(byte[] body) throws ApiException {
        Fields request = JsonTree.parseObject(body);
        return new TokenizeRequest(
                request.string("model"),
                content(request),
                request.bool("add_special", false),
                request.bool("parse_special", true),
                request.bool("with_pieces", false));
    }

    private static List<Prompt> content(Fields request) throws ApiException {
        Object value = request.raw("content");
        if (value == null) {
            throw Fields.missing("content");
        }
        if (value instanceof String) {
            return List.of(new Prompt.Text(Fields.string(value, "content")));
        }
        if (value instanceof int[]) {
            return List.of(new Prompt.Tokens(Fields.tokens(value, "content")));
        }
        List<Prompt> content = new ArrayList<>();
        List<@Nullable Object> values = request.list("content", "a string or an array of strings and token ids");
        for (int i = 0; values != null && i < values.size(); i++) {
            String path = "content[" + i + "]";
            content.add(
                    values.get(i) instanceof Number
                            ? new Prompt.Tokens(
                                    new int[] {(int) Fields.integer(values.get(i), path, 0, Integer.MAX_VALUE)})
                            : new Prompt.Text(Fields.string(values.get(i), path)));
        }
        return content;
    }

    /**
     * @param pieces gives a token's bytes; asked only if the request wants them
     */
    public byte[] answer(int[] tokens, IntFunction<byte[]> pieces) {
        return JsonText.bytes(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("tokens");
            for (int token : tokens) {
                if (!withPieces) {
                    json.writeNumber(token);
                    continue;
                }
                json.writeStartObject();
                json.writeNumberField("id", token);
                byte[] piece = pieces.apply(token);
                String text = utf8(piece);
                if (text != null) {
                    json.writeStringField("piece", text);
                } else {
                    json.writeArrayFieldStart("piece");
                    for (byte b : piece) {
                        json.writeNumber(b & 0xFF);
                    }
                    json.writeEndArray();
                }
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    /** Null if the bytes are a part of a character: then llama-server sends them as numbers. */
    private static @Nullable String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
