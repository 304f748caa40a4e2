package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;
import org.kvant.codec.Codec;
import org.kvant.codec.CodecException;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.round.MatrixRounder;
import org.kvant.round.RoundException;
import org.kvant.round.RoundingOptions;

/**
 * Rounds whole matrices under the second moments of their inputs, best gradient-weighted ones: scales fitted to them, errors fed back from column to
 * column, coordinate descent ({@link MatrixRounder}). How far the moments are trusted is chosen for every tensor on tokens that were
 * held out, if any were ({@link DampingChoice}); where none of it helps on these, the importance-weighted rounding stays. Tensors without moments
 * are rounded as {@link RoundToNearest} does.
 *
 * <p>What is finished is kept in a {@link RoundedStore}, so that a run that was killed goes on after the last whole tensor.
 */
public final class CalibratedRounder implements Rounder {
    /** Values rounded at a time; with the decoded ones and their errors some 200 MB. */
    private static final int SLAB = 1 << 23;

    private final GgufFile model;
    private final MomentSource statistics;
    private final RoundedStore store;
    private final RoundingOptions options;
    private final boolean holdOut;
    private final Rounder others;
    private final String identity;

    /**
     * @param model the one that is quantized; open as long as this is in use, as are the statistics
     * @param store where finished tensors are kept
     * @param options of the rounding; the damping is chosen for each tensor
     * @param holdOut whether held-out chunks take no part in the moments that weights are rounded under
     * @param imatrix for tensors that the statistics have nothing about, or null
     * @throws org.kvant.calibrate.CalibrateException if the statistics are another model's
     */
    public CalibratedRounder(
            GgufFile model,
            MomentSource statistics,
            RoundedStore store,
            RoundingOptions options,
            boolean holdOut,
            @Nullable Imatrix imatrix)
            throws IOException {
        statistics.requireModel(model);
        this.model = model;
        this.statistics = statistics;
        this.store = store;
        this.options = options;
        this.holdOut = holdOut;
        this.others = new RoundToNearest(imatrix);
        this.identity = statistics.identity() + " feedback=" + options.feedback() + " sweeps=" + options.sweeps()
                + " refit=" + options.refit() + " clip=" + options.clip() + " caution=2 power=" + options.weightPower()
                + " order="
                + options.order() + (holdOut ? " held out" : "");
    }

    /** What the results depend on besides a tensor's weights and its type. */
    String identity() {
        return identity;
    }

    @Override
    public Rows rowsOf(PlannedTensor tensor) throws IOException {
        if (!statistics.has(tensor.name()) || !MatrixRounder.supports(tensor.type())) {
            return others.rowsOf(tensor);
        }
        long rowBytes = tensor.type().bytes(tensor.source().columns());
        MemorySegment all = MemorySegment.ofArray(bytesOf(tensor.source(), tensor.type()));
        return (values, firstRow, rows, out, offset) ->
                MemorySegment.copy(all, firstRow * rowBytes, out, offset, rows * rowBytes);
    }

    /**
     * A tensor in another type, from the store or rounded now.
     *
     * @throws QuantizeException if a weight is NaN, infinite or too large for the type
     */
    byte[] bytesOf(TensorInfo tensor, GgmlType type) throws IOException {
        RoundedStore.Key key = new RoundedStore.Key(tensor.name(), type, identity);
        byte[] known = store.load(key, type.bytes(tensor.elements()));
        if (known != null) {
            return known;
        }
        byte[] bytes = round(tensor, type);
        store.save(key, bytes);
        return bytes;
    }

    private byte[] round(TensorInfo tensor, GgmlType type) throws IOException {
        int columns = Math.toIntExact(tensor.columns());
        long rows = tensor.shape().length > 1 ? tensor.shape()[1] : 1;
        int matrices = Math.toIntExact(tensor.rows() / rows);
        if (statistics.columns(tensor.name()) != columns) {
            throw new QuantizeException(statistics.path() + ": tensor " + tensor.name() + " has "
                    + statistics.columns(tensor.name()) + " columns there, not " + columns + "; calibrate again");
        }
        byte[] bytes = new byte[Math.toIntExact(type.bytes(tensor.elements()))];
        try {
            for (int matrix = 0; matrix < matrices; matrix++) {
                round(tensor, type, matrix, rows, columns, bytes);
            }
        } catch (CodecException | RoundException e) {
            throw new QuantizeException(model.path() + ": tensor " + tensor.name() + ": " + e.getMessage(), e);
        }
        return bytes;
    }

    private void round(TensorInfo tensor, GgmlType type, int matrix, long rows, int columns, byte[] bytes)
            throws IOException {
        MatrixWeights weights = new MatrixWeights(model, tensor, matrix * rows, rows, columns);
        if (statistics.diagonal()) {
            DampingChoice choice = DampingChoice.weighted(statistics.moment(tensor.name(), matrix), columns);
            round(weights, choice, type, bytes, matrix);
            return;
        }
        InputMoments moments = InputMoments.of(statistics, tensor.name(), matrix, holdOut);
        round(weights, moments, type, options, bytes, matrix);
    }

    /** Rounds one of a tensor's matrices to its place in the tensor's bytes. */
    static void round(
            MatrixSource weights,
            InputMoments moments,
            GgmlType type,
            RoundingOptions options,
            byte[] bytes,
            int matrix) {
        round(weights, DampingChoice.of(moments, weights, type, options), type, bytes, matrix);
    }

    private static void round(MatrixSource weights, DampingChoice choice, GgmlType type, byte[] bytes, int matrix) {
        int columns = weights.columns();
        long rows = weights.rows();
        long rowBytes = type.bytes(columns);
        int slab = Math.max(1, SLAB / columns);
        for (long row = 0; row < rows; row += slab) {
            int n = (int) Math.min(slab, rows - row);
            byte[] part = choice.round(weights.rows(row, n), n, columns, type);
            System.arraycopy(part, 0, bytes, Math.toIntExact((matrix * rows + row) * rowBytes), part.length);
        }
    }

    /** One matrix of a tensor, decoded some rows at a time. */
    record MatrixWeights(GgufFile file, TensorInfo tensor, long firstRow, long rows, int columns)
            implements MatrixSource {
        @Override
        public float[] rows(long first, int count) {
            Codec codec = Codecs.of(tensor.type());
            float[] values = new float[Math.multiplyExact(count, columns)];
            long rowBytes = tensor.type().bytes(columns);
            codec.decode(file.data(tensor), (firstRow + first) * rowBytes, values, 0, (long) count * columns);
            for (int i = 0; i < values.length; i++) {
                if (!Float.isFinite(values[i])) {
                    throw new RoundException("row " + (firstRow + first + i / columns) + ", column " + i % columns
                            + " is " + values[i] + "; the model is damaged, convert it anew from its checkpoint");
                }
            }
            return values;
        }
    }

    /** Where unfinished work on an output lies. */
    public static Path folderOf(Path output) {
        return output.resolveSibling(output.getFileName() + ".rounded");
    }
}
