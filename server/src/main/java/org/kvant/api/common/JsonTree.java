package org.kvant.api.common;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.CharConversionException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request body into plain objects: {@code Map<String, Object>}, {@code List<Object>}, String, Boolean, Long (integers of 64 bits),
 * Double (all other numbers, infinite if over its range) and null. A non-empty array of 32-bit integers becomes an {@code int[]}: a prompt of a
 * million tokens should not become a million objects.
 */
public final class JsonTree {
    /**
     * Most values of a body; a list of token ids counts as one. As objects they take more than ten times their bytes, and no request needs
     * as many: those that could are lists of tokens.
     */
    static final int MOST_VALUES = 100_000;

    private final JsonParser parser;
    private int values;

    private JsonTree(JsonParser parser) {
        this.parser = parser;
    }

    /** @throws ApiException with status 400 and the place, if {@code body} isn't one JSON object */
    public static Fields parseObject(byte[] body) throws ApiException {
        if (body.length == 0) {
            throw broken("the body is empty; send a JSON object");
        }
        try (JsonParser parser = JsonText.FACTORY.createParser(body)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw broken("the body is empty; send a JSON object");
            }
            Object value = new JsonTree(parser).value(first);
            if (parser.nextToken() != null) {
                throw broken("something follows the object" + place(parser.currentTokenLocation()));
            }
            if (!(value instanceof Map<?, ?> map)) {
                throw broken("it must be an object, not " + Fields.describe(value));
            }
            @SuppressWarnings("unchecked") // value() makes no other maps
            Map<String, @Nullable Object> fields = (Map<String, @Nullable Object>) map;
            return new Fields(fields, "");
        } catch (StreamConstraintsException e) {
            throw broken("it is beyond a limit: " + e.getOriginalMessage() + place(e.getLocation()));
        } catch (JsonProcessingException e) {
            throw broken(e.getOriginalMessage() + place(e.getLocation()));
        } catch (CharConversionException e) {
            throw broken("it is not UTF-8: " + e.getMessage());
        } catch (IOException e) {
            throw broken(String.valueOf(e.getMessage()));
        }
    }

    private @Nullable Object value(JsonToken token) throws IOException {
        if (++values > MOST_VALUES) {
            throw new StreamConstraintsException(
                    "it has more than " + MOST_VALUES + " values", parser.currentTokenLocation());
        }
        return switch (token) {
            case START_OBJECT -> object();
            case START_ARRAY -> array();
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NULL -> null;
            case VALUE_NUMBER_INT ->
                parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        ? (Object) parser.getDoubleValue()
                        : (Object) parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            default -> throw new IllegalStateException("A value cannot begin with " + token);
        };
    }

    private Map<String, @Nullable Object> object() throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            fields.put(name, value(parser.nextToken()));
        }
        return fields;
    }

    private Object array() throws IOException {
        int[] integers = new int[8];
        int count = 0;
        JsonToken token = parser.nextToken();
        while (token == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() == JsonParser.NumberType.INT) {
            if (count == integers.length) {
                integers = Arrays.copyOf(integers, count * 2);
            }
            integers[count++] = parser.getIntValue();
            token = parser.nextToken();
        }
        if (token == JsonToken.END_ARRAY && count > 0) {
            return Arrays.copyOf(integers, count);
        }
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add((long) integers[i]);
        }
        while (token != JsonToken.END_ARRAY) {
            values.add(value(token));
            token = parser.nextToken();
        }
        return values;
    }

    private static ApiException broken(String what) {
        return new ApiException(
                ApiError.invalid("The request body is not valid JSON: " + what + ".", null, "invalid_json"));
    }

    private static String place(@Nullable JsonLocation at) {
        return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    }
}
