package org.kvant.quantize;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.Codecs;

/**
 * Rounds to nearest with ggml's own choice of scales, byte for byte as {@code ggml_quantize_chunk}; weighted by an
 * importance matrix where there is one and the type makes use of it.
 */
public final class RoundToNearest implements Rounder {
    private final @Nullable Imatrix imatrix;

    public RoundToNearest(@Nullable Imatrix imatrix) {
        this.imatrix = imatrix;
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
