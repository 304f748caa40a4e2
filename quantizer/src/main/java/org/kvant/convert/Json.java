package org.kvant.convert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A JSON value as a tree. Objects keep the order of the file. Nesting deeper than {@link #MAX_DEPTH} is refused. */
sealed interface Json {
    /** Deeper than any checkpoint's files and shallow enough for the reader's own recursion. */
    int MAX_DEPTH = 64;

    record Obj(Map<String, Json> fields) implements Json {}

    record Arr(List<Json> items) implements Json {}

    record Str(String value) implements Json {}

    /** {@code integer} tells 8 from 8.0, which Python's converter treats differently. */
    record Num(double value, long exact, boolean integer) implements Json {}

    record Bool(boolean value) implements Json {}

    enum Null implements Json {
        NULL
    }

    /**
     * Reads one JSON document.
     *
     * @param maxStringLength longest string allowed, in characters (a chat template is the longest in practice)
     * @throws IOException with the parser's line and column for anything malformed; duplicate keys count as malformed
     */
    static Json parse(InputStream in, int maxStringLength) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxStringLength(maxStringLength)
                        .maxNameLength(1 << 20)
                        .build())
                // Vocabularies have hundreds of thousands of names, each of them once.
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                // Python writes these for non-finite floats.
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .build();
        try (JsonParser parser = factory.createParser(strictUtf8(in))) {
            if (parser.nextToken() == null) {
                throw new IOException("no JSON in it");
            }
            Json value = value(parser);
            if (parser.nextToken() != null) {
                throw new IOException("text after the end of the JSON value at "
                        + parser.currentTokenLocation().offsetDescription());
            }
            return value;
        }
    }

    /** The library's own decoding of a stream would let broken characters through. */
    private static Reader strictUtf8(InputStream in) {
        return new InputStreamReader(
                in, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT));
    }

    private static Json value(JsonParser p) throws IOException {
        return switch (p.currentToken()) {
            case START_OBJECT -> {
                Map<String, Json> fields = new LinkedHashMap<>();
                while (p.nextToken() != JsonToken.END_OBJECT) {
                    String name = p.currentName();
                    p.nextToken();
                    fields.put(name, value(p));
                }
                yield new Obj(Collections.unmodifiableMap(fields));
            }
            case START_ARRAY -> {
                List<Json> items = new ArrayList<>();
                while (p.nextToken() != JsonToken.END_ARRAY) {
                    items.add(value(p));
                }
                yield new Arr(Collections.unmodifiableList(items));
            }
            case VALUE_STRING -> new Str(p.getText());
            case VALUE_NUMBER_INT -> integer(p);
            case VALUE_NUMBER_FLOAT -> new Num(p.getDoubleValue(), (long) p.getDoubleValue(), false);
            case VALUE_TRUE -> new Bool(true);
            case VALUE_FALSE -> new Bool(false);
            case VALUE_NULL -> Null.NULL;
            default -> throw new IOException("unexpected " + p.currentToken());
        };
    }

    private static Json integer(JsonParser p) throws IOException {
        // tokenizer_config.json of many models has model_max_length 1000000000000000019884624838656: no long holds it.
        if (p.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            double value = p.getBigIntegerValue().doubleValue();
            return new Num(value, value > 0 ? Long.MAX_VALUE : Long.MIN_VALUE, true);
        }
        return new Num(p.getLongValue(), p.getLongValue(), true);
    }

    /** The field of an object; empty when this is no object, has no such field, or holds null there. */
    default Optional<Json> get(String name) {
        return this instanceof Obj(var fields)
                ? Optional.ofNullable(fields.get(name)).filter(v -> v != Null.NULL)
                : Optional.empty();
    }

    /** As {@link #get} for a string field. */
    default Optional<String> string(String name) {
        return get(name).map(Json::asString);
    }

    /** The items of the array field; none when it is no array. */
    default List<Json> items(String name) {
        return get(name).orElse(Null.NULL) instanceof Arr(var items) ? items : List.of();
    }

    /** The fields of the object field; none when it is no object. */
    default Map<String, Json> fields(String name) {
        return get(name).orElse(Null.NULL) instanceof Obj(var fields) ? fields : Map.of();
    }

    /** The string, or null when this is none. */
    default @Nullable String asString() {
        return this instanceof Str(var value) ? value : null;
    }

    /** True only for JSON true. */
    default boolean isTrue() {
        return this instanceof Bool(var value) && value;
    }
}
