package org.kvant.quantize;

import java.nio.charset.StandardCharsets;
import org.kvant.gguf.MetaValue;

/**
 * One {@code --override-kv KEY=TYPE:VALUE}: a metadata entry to set in the output, and to plan by (common.cpp,
 * {@code string_parse_kv_override}). Integers are stored as u32 without their sign, as llama-quantize does.
 */
public record KvOverride(String key, MetaValue value) {
    private static final int MAX_BYTES = 127;

    /**
     * @throws IllegalArgumentException if the text is malformed
     */
    public static KvOverride parse(String text) {
        int equals = text.indexOf('=');
        int colon = text.indexOf(':', equals + 1);
        if (equals <= 0 || colon < 0) {
            throw malformed(text, "it should look like general.name=str:My model");
        }
        String value = text.substring(colon + 1);
        try {
            return new KvOverride(
                    text.substring(0, equals),
                    switch (text.substring(equals + 1, colon)) {
                        case "int" -> new MetaValue.U32(Math.abs(Long.parseLong(value)));
                        case "float" -> new MetaValue.F32((float) Double.parseDouble(value));
                        case "bool" -> bool(text, value);
                        case "str" -> string(text, value);
                        default -> throw malformed(text, "its type should be int, float, bool or str");
                    });
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "': '" + value + "' is not a number", e);
        }
    }

    private static MetaValue bool(String text, String value) {
        return switch (value) {
            case "true" -> new MetaValue.Bool(true);
            case "false" -> new MetaValue.Bool(false);
            default -> throw malformed(text, "a bool is true or false");
        };
    }

    private static MetaValue string(String text, String value) {
        if (value.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            throw malformed(text, "a string is at most " + MAX_BYTES + " bytes long");
        }
        return MetaValue.Str.of(value);
    }

    private static IllegalArgumentException malformed(String text, String why) {
        return new IllegalArgumentException("'" + text + "' is not KEY=TYPE:VALUE: " + why);
    }
}
