package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.CodecException;
import org.kvant.codec.Codecs;
import org.kvant.gguf.TensorInfo;

/** One thread's share of the pipeline: takes pieces, reads, decodes, rounds and writes them, with buffers of its own. */
final class QuantizeWorker implements Callable<@Nullable Void> {
    /** Values decoded at a time: the floats and both encodings stay in the core's own cache. */
    private static final int BLOCK_ELEMENTS = 1 << 15;

    /** Float bits of infinity; larger magnitudes are NaN. */
    private static final int INFINITY_BITS = 0x7f800000;

    private final QuantizeJob job;
    private float[] values = {};
    private MemorySegment out = MemorySegment.NULL;

    QuantizeWorker(QuantizeJob job) {
        this.job = job;
    }

    @Override
    public @Nullable Void call() throws IOException {
        try (Arena own = Arena.ofConfined()) {
            WorkQueue.Piece piece = job.next();
            while (piece != null) {
                work(piece, own);
                job.done(piece);
                piece = job.next();
            }
        }
        return null;
    }

    private void work(WorkQueue.Piece piece, Arena own) throws IOException {
        PlannedTensor tensor = job.tensor(piece);
        TensorInfo source = tensor.source();
        long rowBytes = source.type().bytes(source.columns());
        try (Arena window = Arena.ofConfined()) {
            MemorySegment in = job.reader().map(source, piece.firstRow() * rowBytes, piece.rows() * rowBytes, window);
            if (tensor.copied()) {
                check(piece, tensor, in);
                job.sink().write(piece.tensor(), piece.firstRow() * rowBytes, in);
            } else {
                quantize(piece, tensor, in, own);
            }
        } catch (InternalError e) {
            if (!String.valueOf(e.getMessage()).contains("unsafe memory access")) {
                throw e;
            }
            // How Java says that a page of a mapping is gone.
            QuantizeException shortened = job.reader().shortened(source);
            shortened.initCause(e);
            throw shortened;
        }
    }

    private void quantize(WorkQueue.Piece piece, PlannedTensor tensor, MemorySegment in, Arena own) throws IOException {
        TensorInfo source = tensor.source();
        int columns = Math.toIntExact(source.columns());
        long rowIn = source.type().bytes(columns);
        long rowOut = tensor.type().bytes(columns);
        int blockRows = Math.clamp(BLOCK_ELEMENTS / columns, 1, piece.rows());
        Codec decoder = Codecs.of(source.type());
        Rounder.Rows rounder = job.rounder(piece.tensor());
        if (out.byteSize() < piece.rows() * rowOut) {
            out = own.allocate(piece.rows() * rowOut, 64);
        }
        reserveValues(blockRows * columns);
        for (int row = 0; row < piece.rows(); row += blockRows) {
            int n = Math.min(blockRows, piece.rows() - row);
            decoder.decode(in, row * rowIn, values, 0, (long) n * columns);
            try {
                rounder.round(values, piece.firstRow() + row, n, out, row * rowOut);
            } catch (CodecException e) {
                MemorySegment rows = in.asSlice(row * rowIn, n * rowIn);
                throw refused(tensor, rounder, decoder, rows, piece.firstRow() + row, n, e);
            }
        }
        job.sink().write(piece.tensor(), piece.firstRow() * rowOut, out.asSlice(0, piece.rows() * rowOut));
    }

    /** Refuses a tensor that is to be copied if it holds what no model should. */
    private void check(WorkQueue.Piece piece, PlannedTensor tensor, MemorySegment in) throws IOException {
        TensorInfo source = tensor.source();
        if (!Codecs.canEncode(source.type())) {
            return;
        }
        int columns = Math.toIntExact(source.columns());
        long rowBytes = source.type().bytes(columns);
        Codec decoder = Codecs.of(source.type());
        int blockRows = Math.clamp(BLOCK_ELEMENTS / columns, 1, piece.rows());
        reserveValues(blockRows * columns);
        for (int row = 0; row < piece.rows(); row += blockRows) {
            int n = Math.min(blockRows, piece.rows() - row);
            decoder.decode(in, row * rowBytes, values, 0, (long) n * columns);
            requireFinite(tensor, piece.firstRow() + row, n);
        }
    }

    private void reserveValues(int elements) {
        if (values.length < elements) {
            values = new float[elements];
        }
    }

    private void requireFinite(PlannedTensor tensor, long firstRow, int rows) throws QuantizeException {
        int columns = (int) tensor.source().columns();
        int largest = 0;
        for (int i = 0; i < rows * columns; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & 0x7fffffff);
        }
        if (largest < INFINITY_BITS) {
            return;
        }
        for (int i = 0; i < rows * columns; i++) {
            if (!Float.isFinite(values[i])) {
                throw new QuantizeException(job.input() + ": tensor " + tensor.name() + ", row "
                        + (firstRow + i / columns) + ", column " + i % columns + " is " + values[i]
                        + "; the model is damaged, convert it anew from its checkpoint");
            }
        }
    }

    /** The codec knows only the rows it was given, and the rounder may have changed them: finds out what it stumbled on. */
    private QuantizeException refused(
            PlannedTensor tensor,
            Rounder.Rows rounder,
            Codec decoder,
            MemorySegment in,
            long first,
            int rows,
            CodecException cause)
            throws QuantizeException {
        int columns = (int) tensor.source().columns();
        long rowIn = tensor.source().type().bytes(columns);
        decoder.decode(in, 0, values, 0, (long) rows * columns);
        requireFinite(tensor, first, rows);
        for (int row = 0; row < rows; row++) {
            decoder.decode(in, row * rowIn, values, 0, columns);
            try {
                rounder.round(values, first + row, 1, out, 0);
            } catch (CodecException e) {
                String why = String.valueOf(e.getMessage()).replaceFirst("^row 0, ", "");
                return new QuantizeException(
                        job.input() + ": tensor " + tensor.name() + ", row " + (first + row) + ", " + why, e);
            }
        }
        return new QuantizeException(
                job.input() + ": tensor " + tensor.name() + ", rows " + first + " to " + (first + rows - 1) + ": "
                        + cause.getMessage(),
                cause);
    }
}
