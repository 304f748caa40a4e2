package org.kvant.quantize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * An importance matrix as the diagonals of moments: scales are fitted and refitted under them, and there are no correlations to feed errors
 * back along. It does not tell position 0 from others, nor which model it was made with.
 */
final class ImportanceMoments implements MomentSource {
    private final Imatrix imatrix;
    private final GgufFile model;

    /** @param model that the matrix is to be used for; open as long as this is in use */
    ImportanceMoments(Imatrix imatrix, GgufFile model) {
        this.imatrix = imatrix;
        this.model = model;
    }

    @Override
    public Path path() {
        return imatrix.file();
    }

    /** As far as names and shapes tell. */
    @Override
    public void requireModel(GgufFile other) throws IOException {
        for (String name : imatrix.names()) {
            TensorInfo tensor = other.tensor(name)
                    .orElseThrow(() -> new QuantizeException(path() + ": has values for tensor " + name + ", which "
                            + other.path() + " does not have; it is another model's, run kvant calibrate on this one"));
            imatrix.of(tensor);
        }
    }

    @Override
    public String identity() {
        return imatrix.identity();
    }

    @Override
    public boolean has(String weight) {
        return columns(weight) > 0;
    }

    @Override
    public List<String> weights() {
        return imatrix.names().stream().filter(this::has).toList();
    }

    @Override
    public int columns(String weight) {
        TensorInfo tensor = model.tensor(weight).orElse(null);
        return tensor == null || values(tensor) == null ? 0 : Math.toIntExact(tensor.columns());
    }

    private float @Nullable [] values(TensorInfo tensor) {
        try {
            return imatrix.of(tensor);
        } catch (QuantizeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    @Override
    public float[] moment(String weight, int matrix) {
        TensorInfo tensor = model.tensor(weight).orElse(null);
        float[] values = tensor == null ? null : values(tensor);
        if (values == null) {
            throw new IllegalArgumentException(path() + ": has nothing about " + weight);
        }
        int n = columns(weight);
        int from = values.length == n ? 0 : Math.multiplyExact(matrix, n);
        float[] square = new float[Math.multiplyExact(n, n)];
        for (int i = 0; i < n; i++) {
            square[i * n + i] = values[from + i];
        }
        return square;
    }

    @Override
    public float[] training(String weight, int matrix) {
        return moment(weight, matrix);
    }

    @Override
    public float[] heldOut(String weight, int matrix) {
        int n = columns(weight);
        return new float[Math.multiplyExact(n, n)];
    }

    @Override
    public boolean hasHeldOut() {
        return false;
    }

    @Override
    public boolean diagonal() {
        return true;
    }

    @Override
    public boolean divergence() {
        return false;
    }

    @Override
    public void close() {}
}
