package org.kvant.convert;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.stream.Collectors;

/** A JSON tree on one line, for messages. */
final class JsonText {
    private JsonText() {}

    static String of(Json json) {
        return switch (json) {
            case Json.Obj(var fields) ->
                fields.entrySet().stream()
                        .map(e -> quote(e.getKey()) + ": " + of(e.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
            case Json.Arr(var items) -> items.stream().map(JsonText::of).collect(Collectors.joining(", ", "[", "]"));
            case Json.Str(var value) -> quote(value);
            case Json.Num(var value, var exact, var integer) -> integer ? Long.toString(exact) : Double.toString(value);
            case Json.Bool(var value) -> Boolean.toString(value);
            case Json.Null _ -> "null";
        };
    }

    private static String quote(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }
}
