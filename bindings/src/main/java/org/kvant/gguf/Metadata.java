package org.kvant.gguf;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Key-value pairs of a GGUF file in file order, immutable. The typed getters throw {@link GgufException} naming file, key and type when a key
 * is missing or holds something else; those with a default do so only for something else. Integers are converted between widths.
 */
public final class Metadata {
    private final Map<String, MetaValue> values;
    private final @Nullable Path origin;

    private Metadata(Map<String, MetaValue> values, @Nullable Path origin) {
        this.values = Collections.unmodifiableMap(values);
        this.origin = origin;
    }

    static Metadata of(LinkedHashMap<String, MetaValue> values, Path origin) {
        return new Metadata(values, origin);
    }

    /** An empty builder. */
    public static Builder builder() {
        return new Builder(new LinkedHashMap<>());
    }

    /** A builder that starts with these pairs. */
    public Builder toBuilder() {
        return new Builder(new LinkedHashMap<>(values));
    }

    /** All keys, in file order. */
    public Set<String> keys() {
        return values.keySet();
    }

    /** All pairs, in file order. */
    public Map<String, MetaValue> asMap() {
        return values;
    }

    /** Whether the key is there. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** The value under a key. */
    public Optional<MetaValue> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** A string. */
    public String string(String key) throws GgufException {
        return require(key) instanceof MetaValue.Str str ? str.value() : wrong(key, "a string");
    }

    /** A string, or {@code def} without the key. */
    public String string(String key, String def) throws GgufException {
        return has(key) ? string(key) : def;
    }

    /** A whole number of any width. */
    public long integer(String key) throws GgufException {
        return switch (require(key)) {
            case MetaValue.U8 v -> v.value();
            case MetaValue.I8 v -> v.value();
            case MetaValue.U16 v -> v.value();
            case MetaValue.I16 v -> v.value();
            case MetaValue.U32 v -> v.value();
            case MetaValue.I32 v -> v.value();
            case MetaValue.I64 v -> v.value();
            case MetaValue.U64 v when v.bits() >= 0 -> v.bits();
            case MetaValue.U64 v ->
                throw problem(key, "is " + Long.toUnsignedString(v.bits()) + ", more than 64 signed bits hold");
            default -> wrong(key, "an integer");
        };
    }

    /** A whole number of any width, or {@code def} without the key. */
    public long integer(String key, long def) throws GgufException {
        return has(key) ? integer(key) : def;
    }

    /** A float of either width, or an integer. */
    public double number(String key) throws GgufException {
        return switch (require(key)) {
            case MetaValue.F32 v -> v.value();
            case MetaValue.F64 v -> v.value();
            case MetaValue v when v.type().integer() -> integer(key);
            default -> wrong(key, "a number");
        };
    }

    /** A float of either width or an integer, or {@code def} without the key. */
    public double number(String key, double def) throws GgufException {
        return has(key) ? number(key) : def;
    }

    /** A truth value. */
    public boolean bool(String key) throws GgufException {
        return require(key) instanceof MetaValue.Bool bool ? bool.value() : wrong(key, "a bool");
    }

    /** A truth value, or {@code def} without the key. */
    public boolean bool(String key, boolean def) throws GgufException {
        return has(key) ? bool(key) : def;
    }

    /** An array of any type. */
    public MetaArray array(String key) throws GgufException {
        return require(key) instanceof MetaArray array ? array : wrong(key, "an array");
    }

    /** An array of strings, decoded at each call. */
    public List<String> strings(String key) throws GgufException {
        return array(key, ValueType.STRING).strings();
    }

    /** An array of whole numbers of any width. */
    public long[] integers(String key) throws GgufException {
        MetaArray array = array(key);
        if (!array.elementType().integer()) {
            return wrong(key, "an array of integers");
        }
        long[] longs = array.longs();
        if (array.elementType() == ValueType.U64) {
            for (int i = 0; i < longs.length; i++) {
                if (longs[i] < 0) {
                    throw problem(
                            key,
                            "holds " + Long.toUnsignedString(longs[i]) + " at index " + i
                                    + ", more than 64 signed bits hold");
                }
            }
        }
        return longs;
    }

    /** An array of whole numbers that fit an int each. */
    public int[] ints(String key) throws GgufException {
        long[] longs = integers(key);
        int[] ints = new int[longs.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) longs[i];
            if (ints[i] != longs[i]) {
                throw problem(key, "holds " + longs[i] + " at index " + i + ", more than 32 signed bits hold");
            }
        }
        return ints;
    }

    /** An array of f32. */
    public float[] floats(String key) throws GgufException {
        return array(key, ValueType.F32).floats();
    }

    private MetaArray array(String key, ValueType elementType) throws GgufException {
        return require(key) instanceof MetaArray array && array.elementType() == elementType
                ? array
                : wrong(key, "an array of " + elementType.ggufName());
    }

    private MetaValue require(String key) throws GgufException {
        MetaValue value = values.get(key);
        if (value == null) {
            throw problem(key, "is missing");
        }
        return value;
    }

    /** Always throws; the return type lets it stand as a value. */
    private <T> T wrong(String key, String wanted) throws GgufException {
        MetaValue value = require(key);
        String actual = value instanceof MetaArray array
                ? "an array of " + array.elementType().ggufName()
                : value.type().ggufName();
        throw problem(key, "is " + actual + ", not " + wanted);
    }

    private GgufException problem(String key, String what) {
        return new GgufException(origin, "key '" + key + "'", what, "");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Metadata that
                && values.equals(that.values)
                && Arrays.equals(values.keySet().toArray(), that.values.keySet().toArray());
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "Metadata" + values.keySet();
    }

    /**
     * Collects pairs in order. Putting a key again keeps its place; to move it to the end, as {@code gguf_set_val} does, remove it first. Not
     * thread-safe.
     */
    public static final class Builder {
        /** Longest key that the GGUF specification allows, in bytes. */
        static final int MAX_KEY_BYTES = 65_535;

        private final LinkedHashMap<String, MetaValue> values;

        private Builder(LinkedHashMap<String, MetaValue> values) {
            this.values = values;
        }

        /**
         * Any value.
         *
         * @throws IllegalArgumentException if the key is empty, too long or contains a zero character
         */
        public Builder put(String key, MetaValue value) {
            if (key.isEmpty()
                    || key.indexOf('\0') >= 0
                    || key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES) {
                throw new IllegalArgumentException(
                        "key '" + Printable.oneLine(key) + "' is empty, too long or contains a zero");
            }
            values.put(key, value);
            return this;
        }

        public Builder putString(String key, String value) {
            return put(key, MetaValue.Str.of(value));
        }

        public Builder putU32(String key, long value) {
            return put(key, new MetaValue.U32(value));
        }

        public Builder putI32(String key, int value) {
            return put(key, new MetaValue.I32(value));
        }

        public Builder putF32(String key, float value) {
            return put(key, new MetaValue.F32(value));
        }

        public Builder putBool(String key, boolean value) {
            return put(key, new MetaValue.Bool(value));
        }

        public Builder putStrings(String key, List<String> values) {
            return put(key, MetaArray.ofStrings(values));
        }

        public Builder putI32s(String key, int... values) {
            return put(key, MetaArray.ofI32s(values));
        }

        public Builder putF32s(String key, float... values) {
            return put(key, MetaArray.ofF32s(values));
        }

        /** Removes a key if it is there. */
        public Builder remove(String key) {
            values.remove(key);
            return this;
        }

        /** Whether the key has been put. */
        public boolean has(String key) {
            return values.containsKey(key);
        }

        /** The pairs put so far; the builder may go on being used. */
        public Metadata build() {
            return new Metadata(new LinkedHashMap<>(values), null);
        }
    }
}
