package org.kvant.openai;

import org.jspecify.annotations.Nullable;

/**
 * {@code POST /detokenize}.
 *
 * @param model the model's id; null if none is named
 * @param tokens ids, none negative; may be empty
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares requests, and they are long
public record DetokenizeRequest(@Nullable String model, int[] tokens) {

    public static DetokenizeRequest parse(byte[] body) throws ApiException {
        Fields request = JsonTree.parseObject(body);
        Object value = request.raw("tokens");
        if (value == null) {
            throw Fields.missing("tokens");
        }
        return new DetokenizeRequest(request.string("model"), Fields.tokens(value, "tokens"));
    }

    public byte[] answer(String content) {
        return JsonText.bytes(json -> {
            json.writeStartObject();
            json.writeStringField("content", content);
            json.writeEndObject();
        });
    }
}
