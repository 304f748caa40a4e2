package org.kvant.api.llamacpp;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.api.common.JsonText;
import org.kvant.api.common.JsonTree;

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
