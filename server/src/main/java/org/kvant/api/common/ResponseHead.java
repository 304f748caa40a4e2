package org.kvant.api.common;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/**
 * What all parts of one answer share.
 *
 * @param id as {@code chatcmpl-…} or {@code cmpl-…}
 * @param created Unix time in seconds
 * @param model the model's id
 * @param fingerprint of the server, so that a client notices when equal seeds may give another text
 */
public record ResponseHead(String id, long created, String model, String fingerprint) {

    /** Opens an object and leaves it open. */
    public void writeTo(JsonGenerator json, String object) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", id);
        json.writeStringField("object", object);
        json.writeNumberField("created", created);
        json.writeStringField("model", model);
        json.writeStringField("system_fingerprint", fingerprint);
    }
}
