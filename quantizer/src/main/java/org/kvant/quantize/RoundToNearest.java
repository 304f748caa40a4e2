package org.kvant.quantize;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;

/**
 * Rounds to nearest with ggml's own choice of scales, byte for byte as {@code ggml_quantize_chunk}; weighted by an
 * importance matrix where there is one and the type makes use of it.
 */
public final class RoundToNearest implements Rounder {
    private final @Nullable Imatrix imatrix;

    public RoundToNearest(@Nullable Imatrix imatrix) {
        this.imatrix = imatrix;
    }

    /** Types without a search first: meanwhile the codecs that search are compiled, if there will be enough for them to do. */
    @Override
    public List<Integer> order(List<PlannedTensor> tensors) {
        if (imatrix != null) {
            return Rounder.super.order(tensors);
        }
        Map<GgmlType, Long> values = new EnumMap<>(GgmlType.class);
        for (PlannedTensor tensor : tensors) {
            if (!tensor.copied()) {
                values.merge(tensor.type(), tensor.source().elements(), Long::sum);
            }
        }
        values.forEach(Codecs::expect);
        List<Integer> order = new ArrayList<>(Rounder.super.order(tensors));
        order.sort(Comparator.comparing(i -> searches(tensors.get(i).type())));
        return order;
    }

    private static boolean searches(GgmlType type) {
        return switch (type) {
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> false;
            default -> true;
        };
    }

    @Override
    public Rows rowsOf(PlannedTensor tensor) throws IOException {
        Codec codec = Codecs.of(tensor.type());
        int columns = Math.toIntExact(tensor.source().columns());
        float[] importance = imatrix == null || !codec.usesImportance() ? null : imatrix.of(tensor.source());
        if (importance == null || importance.length == columns) {
            return (values, firstRow, rows, out, offset) ->
                    codec.encode(values, 0, out, offset, rows, columns, importance);
        }
        long rowsOfMatrix = tensor.source().shape()[1];
        return (values, firstRow, rows, out, offset) -> {
            int from = Math.toIntExact(firstRow / rowsOfMatrix) * columns;
            float[] own = Arrays.copyOfRange(importance, from, from + columns);
            codec.encode(values, 0, out, offset, rows, columns, own);
        };
    }
}
