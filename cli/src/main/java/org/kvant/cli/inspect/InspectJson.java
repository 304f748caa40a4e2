package org.kvant.cli.inspect;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.TensorInfo;

/**
 * Everything in a GGUF file but the data, as one JSON object. Floats that JSON lacks become the strings {@code "NaN"}, {@code "Infinity"} and
 * {@code "-Infinity"}; strings that are not UTF-8 carry their bytes beside them as {@code base64}.
 */
final class InspectJson {
    private final GgufFile file;
    private final ModelSummary summary;

    InspectJson(GgufFile file) {
        this.file = file;
        this.summary = ModelSummary.of(file);
    }

    /** @param unicode whether the writer takes more than ASCII; otherwise everything else is escaped */
    void print(Writer out, boolean unicode) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .configure(JsonWriteFeature.ESCAPE_NON_ASCII, !unicode)
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .build();
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            summary(json);
            types(json);
            json.writeObjectFieldStart("metadata");
            for (Map.Entry<String, MetaValue> pair : file.metadata().asMap().entrySet()) {
                json.writeObjectFieldStart(pair.getKey());
                typed(json, pair.getValue());
                json.writeEndObject();
            }
            json.writeEndObject();
            tensors(json);
            json.writeEndObject();
        }
        out.write(System.lineSeparator());
        out.flush();
    }

    private void summary(JsonGenerator json) throws IOException {
        json.writeStringField("file", file.path().toString());
        json.writeArrayFieldStart("parts");
        for (var part : file.parts()) {
            json.writeString(part.toString());
        }
        json.writeEndArray();
        json.writeNumberField("version", file.version());
        json.writeNumberField("alignment", file.alignment());
        optional(json, "name", "general.name");
        optional(json, "architecture", "general.architecture");
        json.writeNumberField("size_bytes", file.sizeBytes());
        json.writeNumberField("tensor_bytes", summary.tensorBytes());
        json.writeNumberField("parameters", summary.parameters());
        json.writeNumberField("bits_per_weight", summary.bitsPerWeight());
    }

    private void optional(JsonGenerator json, String field, String key) throws IOException {
        json.writeStringField(field, ModelSummary.string(file, key).orElse(null));
    }

    private void types(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("types");
        for (ModelSummary.TypeShare share : summary.types()) {
            json.writeStartObject();
            json.writeStringField("type", share.type().label());
            json.writeNumberField("tensors", share.tensors());
            json.writeNumberField("parameters", share.parameters());
            json.writeNumberField("bytes", share.bytes());
            json.writeNumberField("bits_per_weight", share.bitsPerWeight());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void tensors(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("tensors");
        for (TensorInfo tensor : file.tensors()) {
            json.writeStartObject();
            json.writeStringField("name", tensor.name());
            json.writeStringField("type", tensor.type().label());
            json.writeFieldName("shape");
            json.writeArray(tensor.shape(), 0, tensor.shape().length);
            json.writeNumberField("parameters", tensor.elements());
            json.writeNumberField("bytes", tensor.bytes());
            json.writeNumberField("bits_per_weight", tensor.type().bitsPerWeight());
            json.writeNumberField("part", tensor.part());
            json.writeNumberField("file_offset", file.fileOffset(tensor));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void typed(JsonGenerator json, MetaValue value) throws IOException {
        json.writeStringField("type", value.type().ggufName());
        if (value instanceof MetaArray array) {
            json.writeStringField("element_type", array.elementType().ggufName());
            json.writeArrayFieldStart("value");
            boolean utf8 = true;
            for (int i = 0; i < array.size(); i++) {
                MetaValue element = array.get(i);
                utf8 &= !(element instanceof MetaValue.Str str) || utf8(str);
                plain(json, element);
            }
            json.writeEndArray();
            if (!utf8) {
                json.writeArrayFieldStart("base64");
                for (int i = 0; i < array.size(); i++) {
                    json.writeBinary(array.bytes(i));
                }
                json.writeEndArray();
            }
            return;
        }
        json.writeFieldName("value");
        plain(json, value);
        if (value instanceof MetaValue.Str str && !utf8(str)) {
            json.writeBinaryField("base64", str.bytes());
        }
    }

    private static boolean utf8(MetaValue.Str str) {
        return Arrays.equals(str.value().getBytes(StandardCharsets.UTF_8), str.bytes());
    }

    private static void plain(JsonGenerator json, MetaValue value) throws IOException {
        switch (value) {
            case MetaValue.U8 v -> json.writeNumber(v.value());
            case MetaValue.I8 v -> json.writeNumber(v.value());
            case MetaValue.U16 v -> json.writeNumber(v.value());
            case MetaValue.I16 v -> json.writeNumber(v.value());
            case MetaValue.U32 v -> json.writeNumber(v.value());
            case MetaValue.I32 v -> json.writeNumber(v.value());
            case MetaValue.F32 v -> json.writeNumber(v.value());
            case MetaValue.Bool v -> json.writeBoolean(v.value());
            case MetaValue.Str v -> json.writeString(v.value());
            case MetaValue.U64 v -> json.writeNumber(new BigInteger(Long.toUnsignedString(v.bits())));
            case MetaValue.I64 v -> json.writeNumber(v.value());
            case MetaValue.F64 v -> json.writeNumber(v.value());
            case MetaArray v -> throw new IllegalStateException("nested array " + v);
        }
    }
}
