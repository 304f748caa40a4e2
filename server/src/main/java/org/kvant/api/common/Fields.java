package org.kvant.api.common;

import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to one object of a request. A field that is null counts as absent, as OpenAI's clients send it; a wrong type or range is an
 * {@link ApiException} with status 400 that names the field's path.
 */
public final class Fields {
    /** Doubles hold every integer up to here, so a number such as 1e3 or 10.0 can stand for one. */
    private static final double EXACT = 0x1p53;

    private final Map<String, @Nullable Object> values;
    private final String path;

    public Fields(Map<String, @Nullable Object> values, String path) {
        this.values = values;
        this.path = path;
    }

    public Set<String> names() {
        return values.keySet();
    }

    @Nullable
    public Object raw(String name) {
        return values.get(name);
    }

    public Map<String, @Nullable Object> all() {
        return values;
    }

    public boolean has(String name) {
        return values.get(name) != null;
    }

    public String path(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    @Nullable
    public String string(String name) throws ApiException {
        Object value = values.get(name);
        return value == null ? null : string(value, path(name));
    }

    public boolean bool(String name, boolean absent) throws ApiException {
        Object value = values.get(name);
        if (value == null) {
            return absent;
        }
        if (value instanceof Boolean b) {
            return b;
        }
        throw wrongType(path(name), "a boolean", value);
    }

    @Nullable
    public Long integer(String name, long min, long max) throws ApiException {
        Object value = values.get(name);
        return value == null ? null : (Long) integer(value, path(name), min, max);
    }

    /** Bounds are inclusive. */
    @Nullable
    Float number(String name, double min, double max) throws ApiException {
        Object value = values.get(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof Number n)) {
            throw wrongType(path(name), "a number", value);
        }
        return inRange(n, path(name), min, max);
    }

    /** Bounds are inclusive. */
    static float inRange(Number n, String path, double min, double max) throws ApiException {
        checkRange(path, n, n.doubleValue(), plain(min), plain(max), min, max);
        return n.floatValue();
    }

    @Nullable
    public Fields object(String name) throws ApiException {
        Object value = values.get(name);
        return value == null ? null : object(value, path(name));
    }

    /** The elements of an array, integers as Long; null if absent. */
    @Nullable
    public List<@Nullable Object> list(String name, String expected) throws ApiException {
        Object value = values.get(name);
        if (value == null) {
            return null;
        }
        List<@Nullable Object> list = elements(value);
        if (list == null) {
            throw wrongType(path(name), expected, value);
        }
        return list;
    }

    public static Fields object(@Nullable Object value, String path) throws ApiException {
        if (!(value instanceof Map<?, ?> map)) {
            throw wrongType(path, "an object", value);
        }
        @SuppressWarnings("unchecked") // JsonTree makes no other maps
        Map<String, @Nullable Object> fields = (Map<String, @Nullable Object>) map;
        return new Fields(fields, path);
    }

    /** Also refuses half a surrogate pair, which is no Unicode text: it could be neither tokenized nor sent back. */
    public static String string(@Nullable Object value, String path) throws ApiException {
        if (!(value instanceof String text)) {
            throw wrongType(path, "a string", value);
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            throw new ApiException(ApiError.invalid(
                    String.format(
                            "Invalid value for '%s': the character at index %d (\\u%04x) is half a surrogate pair, which is no Unicode text.",
                            path, i, (int) c),
                    path,
                    "invalid_unicode"));
        }
        return text;
    }

    public static long integer(@Nullable Object value, String path, long min, long max) throws ApiException {
        if (!(value instanceof Number n)) {
            throw wrongType(path, "an integer", value);
        }
        double d = n.doubleValue();
        boolean whole = n instanceof Long || Math.abs(d) > EXACT || d == Math.rint(d);
        if (!whole) {
            throw wrongType(path, "an integer", value);
        }
        if (n instanceof Double && Math.abs(d) > EXACT) {
            throw outOfRange(path, value, d < 0, Long.toString(min), Long.toString(max));
        }
        long l = n.longValue();
        if (l < min || l > max) {
            throw outOfRange(path, value, l < min, Long.toString(min), Long.toString(max));
        }
        return l;
    }

    /** Token ids of a non-empty array; only that they are non-negative is known here. */
    public static int[] tokens(Object value, String path) throws ApiException {
        if (value instanceof int[] ids) {
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] < 0) {
                    throw outOfRange(
                            path + "[" + i + "]", (long) ids[i], true, "0", Integer.toString(Integer.MAX_VALUE));
                }
            }
            return ids;
        }
        List<@Nullable Object> list = elements(value);
        if (list == null) {
            throw wrongType(path, "an array of token ids", value);
        }
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) integer(list.get(i), path + "[" + i + "]", 0, Integer.MAX_VALUE);
        }
        return ids;
    }

    /** The elements if {@code value} is an array, else null. */
    public static @Nullable List<@Nullable Object> elements(@Nullable Object value) {
        if (value instanceof int[] ids) {
            // A view: millions of ids must not become millions of objects.
            return new AbstractList<>() {
                @Override
                public @Nullable Object get(int index) {
                    return (long) ids[index];
                }

                @Override
                public int size() {
                    return ids.length;
                }
            };
        }
        if (value instanceof List<?> list) {
            @SuppressWarnings("unchecked") // JsonTree makes no other lists
            List<@Nullable Object> elements = (List<@Nullable Object>) list;
            return elements;
        }
        return null;
    }

    public static ApiException wrongType(String path, String expected, @Nullable Object got) {
        return new ApiException(ApiError.invalid(
                "Invalid type for '" + path + "': expected " + expected + ", but got " + describe(got) + " instead.",
                path,
                "invalid_type"));
    }

    public static ApiException missing(String path) {
        return new ApiException(
                ApiError.invalid("Missing required parameter: '" + path + "'.", path, "missing_required_parameter"));
    }

    public static ApiException invalidValue(String path, String what) {
        return new ApiException(ApiError.invalid("Invalid value for '" + path + "': " + what, path, "invalid_value"));
    }

    static String describe(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Boolean _ -> "a boolean";
            case Long _ -> "an integer";
            case Double _ -> "a number";
            case String _ -> "a string";
            case Map<?, ?> _ -> "an object";
            default -> "an array";
        };
    }

    private static void checkRange(
            String path, Object value, double d, String minText, String maxText, double min, double max)
            throws ApiException {
        if (d < min || d > max) {
            throw outOfRange(path, value, d < min, minText, maxText);
        }
    }

    private static ApiException outOfRange(String path, Object value, boolean below, String min, String max) {
        String given =
                value instanceof Double d && d.isInfinite() ? "a number too large to represent" : value.toString();
        return new ApiException(ApiError.invalid(
                "Invalid value for '" + path + "': expected " + min + " to " + max + ", but got " + given + ".",
                path,
                below ? "value_below_minimum" : "value_above_maximum"));
    }

    private static String plain(double bound) {
        return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }
}
