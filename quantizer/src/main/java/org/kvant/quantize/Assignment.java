package org.kvant.quantize;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.MetaValue;
import org.kvant.round.RoundingOptions;

/**
 * Types that were chosen one by one, and how to round into them.
 *
 * @param types by name of the tensor; tensors that are not named stay as they are
 * @param metadata to add to the output's
 * @param rounding under statistics; without them it has no effect
 * @param store a folder for tensors that are done, which later runs take them from and which stays; null for one that this run removes
 * @param holdOut whether the chunks that the statistics hold out take part in choosing how to round only, not in rounding: so that the result
 *     can be judged by them
 */
public record Assignment(
        Map<String, GgmlType> types,
        Map<String, MetaValue> metadata,
        RoundingOptions rounding,
        @Nullable Path store,
        boolean holdOut) {
    public Assignment {
        types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    public Assignment withMetadata(Map<String, MetaValue> other) {
        return new Assignment(types, other, rounding, store, holdOut);
    }

    public Assignment withStore(@Nullable Path folder) {
        return new Assignment(types, metadata, rounding, folder, holdOut);
    }
}
