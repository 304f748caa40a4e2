package org.kvant.allocate;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.TensorInfo;
import org.kvant.quantize.Imatrix;

/** An importance matrix: diagonals only, and no notion of how tensors compare. */
public record ImportanceCurvature(Imatrix imatrix) implements Curvature {
    @Override
    public float @Nullable [] moment(TensorInfo tensor, int matrix) {
        return null;
    }

    @Override
    public float @Nullable [] heldOut(TensorInfo tensor, int matrix) {
        return null;
    }

    @Override
    public float @Nullable [] diagonal(TensorInfo tensor, int matrix) throws IOException {
        float[] all = imatrix.of(tensor);
        int columns = Math.toIntExact(tensor.columns());
        return all == null
                ? null
                : all.length == columns ? all : Arrays.copyOfRange(all, matrix * columns, (matrix + 1) * columns);
    }

    @Override
    public boolean divergence() {
        return false;
    }

    @Override
    public String identity() {
        return "imatrix " + imatrix.identity();
    }
}
