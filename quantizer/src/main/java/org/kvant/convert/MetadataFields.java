package org.kvant.convert;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.Metadata;

/**
 * The metadata being collected, in file order. As in llama.cpp's converter an empty string or array is left out, and
 * setting a key again keeps its place.
 */
final class MetadataFields {
    private final Metadata.Builder builder = Metadata.builder();
    private final String architecture;

    MetadataFields(String architecture) {
        this.architecture = architecture;
        string("general.architecture", architecture);
    }

    void string(String key, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            builder.putString(key, value);
        }
    }

    void u32(String key, long value) throws ConvertException {
        if (value < 0 || value > 0xFFFF_FFFFL) {
            throw new ConvertException(
                    "the value " + value + " for " + key + " does not fit 32 bits; mend config.json");
        }
        builder.putU32(key, value);
    }

    void i32(String key, long value) throws ConvertException {
        if (value != (int) value) {
            throw new ConvertException(
                    "the value " + value + " for " + key + " does not fit 32 bits; mend generation_config.json");
        }
        builder.putI32(key, (int) value);
    }

    void f32(String key, double value) {
        builder.putF32(key, (float) value);
    }

    void bool(String key, boolean value) {
        builder.putBool(key, value);
    }

    void strings(String key, List<String> values) {
        if (!values.isEmpty()) {
            builder.putStrings(key, values);
        }
    }

    void i32s(String key, int[] values) {
        builder.putI32s(key, values);
    }

    void f32s(String key, float[] values) {
        builder.putF32s(key, values);
    }

    /** The key of a hyper-parameter: {@code llama.context_length} for {@code context_length}. */
    String key(String name) {
        return architecture + "." + name;
    }

    Metadata build() {
        return builder.build();
    }
}
