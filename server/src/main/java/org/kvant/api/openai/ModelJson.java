package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.kvant.api.common.JsonText;

/**
 * A model as {@code /v1/models} lists it; {@code meta} holds what llama-server's does.
 *
 * @param id what requests name it by
 * @param created Unix time in seconds at which this server loaded it
 * @param description llama.cpp's one line about it
 * @param vocabularySize tokens
 * @param trainContext tokens it was trained on at a time
 * @param sequenceContext tokens that one request can hold here
 * @param embeddingLength width of the residual stream
 * @param parameters weights
 * @param weightBytes bytes of the weights
 */
public record ModelJson(
        String id,
        long created,
        String description,
        int vocabularySize,
        int trainContext,
        int sequenceContext,
        int embeddingLength,
        long parameters,
        long weightBytes) {

    /** A list of models. */
    public static byte[] list(List<ModelJson> models) {
        return JsonText.bytes(json -> {
            json.writeStartObject();
            json.writeStringField("object", "list");
            json.writeArrayFieldStart("data");
            for (ModelJson model : models) {
                model.writeTo(json);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    /** The model alone. */
    public byte[] single() {
        return JsonText.bytes(this::writeTo);
    }

    private void writeTo(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", id);
        json.writeStringField("object", "model");
        json.writeNumberField("created", created);
        json.writeStringField("owned_by", "kvant");
        json.writeObjectFieldStart("meta");
        json.writeStringField("description", description);
        json.writeNumberField("n_vocab", vocabularySize);
        json.writeNumberField("n_ctx_train", trainContext);
        json.writeNumberField("n_ctx", sequenceContext);
        json.writeNumberField("n_embd", embeddingLength);
        json.writeNumberField("n_params", parameters);
        json.writeNumberField("size", weightBytes);
        json.writeEndObject();
        json.writeEndObject();
    }
}
