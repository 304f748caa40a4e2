package org.kvant.quantize;

import java.util.Comparator;
import org.kvant.gguf.TensorInfo;

/** The orders in which llama-quantize writes tensors. */
final class TensorOrder {
    /** By layer, those without one first, then by name (llama-model-loader.h, {@code weight_name_comparer}). */
    static final Comparator<TensorInfo> BY_LAYER =
            Comparator.<TensorInfo>comparingInt(t -> layer(t.name())).thenComparing(TensorInfo::name);

    /** As in the input's parts, for output in the same parts. */
    static final Comparator<TensorInfo> BY_PART =
            Comparator.comparingInt(TensorInfo::part).thenComparingLong(TensorInfo::offset);

    private TensorOrder() {}

    /** The N of {@code blk.N.…}, or -1. */
    static int layer(String name) {
        if (!name.startsWith("blk.")) {
            return -1;
        }
        int value = 0;
        int at = 4;
        while (at < name.length() && name.charAt(at) >= '0' && name.charAt(at) <= '9' && at < 13) {
            value = 10 * value + (name.charAt(at++) - '0');
        }
        return at == 4 ? -1 : value;
    }
}
