package org.kvant.openai;

/**
 * {@code POST /detokenize}.
 *
 * @param tokens ids, none negative; may be empty
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares requests, and they are long
public record DetokenizeRequest(int[] tokens) {

    public static DetokenizeRequest parse(byte[] body) throws ApiException {
        Fields request = JsonTree.parseObject(body);
        Object value = request.raw("tokens");
        if (value == null) {
            throw Fields.missing("tokens");
        }
        return new DetokenizeRequest(Fields.tokens(value, "tokens"));
    }

    public byte[] answer(String content) {
        return JsonText.bytes(json -> {
            json.writeStartObject();
            json.writeStringField("content", content);
            json.writeEndObject();
        });
    }
}
