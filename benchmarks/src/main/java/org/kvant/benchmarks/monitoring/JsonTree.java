package org.kvant.benchmarks.monitoring;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as maps, lists, strings, numbers, booleans and nulls, and a way into them that takes what is missing for empty. */
record JsonTree(@Nullable Object value) {
    static JsonTree parse(String text) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            parser.nextToken();
            return new JsonTree(read(parser));
        }
    }

    private static @Nullable Object read(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.put(name, read(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<@Nullable Object> array = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(read(parser));
                }
                yield array;
            }
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> parser.getText();
        };
    }

    /** What stands at a path of names. */
    JsonTree at(String... path) {
        Object here = value;
        for (String name : path) {
            here = here instanceof Map<?, ?> object ? object.get(name) : null;
        }
        return new JsonTree(here);
    }

    List<JsonTree> list() {
        List<JsonTree> elements = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(element -> elements.add(new JsonTree(element)));
        }
        return elements;
    }

    Map<String, String> strings() {
        Map<String, String> strings = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, text) -> strings.put(String.valueOf(name), String.valueOf(text)));
        }
        return strings;
    }

    String text() {
        return value == null ? "" : String.valueOf(value);
    }

    /** A number, or text that is one; NaN if it is neither. */
    double number() {
        return switch (value) {
            case Number number -> number.doubleValue();
            case String text -> Double.parseDouble(text.replace("Inf", "Infinity"));
            case null, default -> Double.NaN;
        };
    }
}
