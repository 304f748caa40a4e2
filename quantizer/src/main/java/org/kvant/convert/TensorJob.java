package org.kvant.convert;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.convert.SafetensorsFile.SourceTensor;
import org.kvant.gguf.GgmlType;

/**
 * One tensor of the converted file and where its values come from.
 *
 * @param shape row length first, as GGUF has it
 * @param source the tensor to convert, or null for a generated one
 * @param generated the values when there is no source
 * @param heads number of attention heads whose rows change places, 0 for none, see {@link RowOrder}
 * @param shift added to every value
 */
record TensorJob(
        String name,
        GgmlType type,
        List<Long> shape,
        @Nullable SourceTensor source,
        float @Nullable [] generated,
        int heads,
        float shift) {
    long elements() {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }

    long bytes() {
        return type.bytes(elements());
    }
}
