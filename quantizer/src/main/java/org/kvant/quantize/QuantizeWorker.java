package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import org.kvant.codec.Codec;
import org.kvant.codec.CodecException;
import org.kvant.codec.Codecs;
import org.kvant.gguf.TensorInfo;

/** One thread's share of the pipeline: takes pieces, reads, decodes, rounds and writes them, with buffers of its own. */
final class QuantizeWorker implements Callable<Void> {
    /** Values decoded at a time: the floats and both encodings stay in the core's own cache. */
    private static final int BLOCK_ELEMENTS = 1 << 15;

    /** Float bits of infinity; larger magnitudes are NaN. */
    private static final int INFINITY_BITS = 0x7f800000;

    private final QuantizeJob job;
    private final Buffer in = new Buffer();
    private final Buffer out = new Buffer();
    private float[] values = {};

    QuantizeWorker(QuantizeJob job) {
        this.job = job;
    }

    @Override
    public Void call() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            in.arena = arena;
            out.arena = arena;
            WorkQueue.Piece piece = job.next();
            while (piece != null) {
                PlannedTensor tensor = job.tensor(piece);
                if (tensor.copied()) {
                    copy(piece, tensor);
                } else {
                    quantize(piece, tensor);
                }
                job.done(piece);
                piece = job.next();
            }
        }
        return null;
    }

    private void quantize(WorkQueue.Piece piece, PlannedTensor tensor) throws IOException {
        TensorInfo source = tensor.source();
        int columns = Math.toIntExact(source.columns());
        long rowIn = source.type().bytes(columns);
        long rowOut = tensor.type().bytes(columns);
        int blockRows = Math.clamp(BLOCK_ELEMENTS / columns, 1, piece.rows());
        Codec decoder = Codecs.of(source.type());
        Rounder.Rows rounder = job.rounder(piece.tensor());
        in.reserve(blockRows * rowIn);
        out.reserve(piece.rows() * rowOut);
        reserveValues(blockRows * columns);
        for (int row = 0; row < piece.rows(); row += blockRows) {
            int n = Math.min(blockRows, piece.rows() - row);
            long first = piece.firstRow() + row;
            job.reader().read(source, first * rowIn, in.bytes(n * rowIn));
            decoder.decode(in.segment, 0, values, 0, (long) n * columns);
            try {
                rounder.round(values, first, n, out.segment, row * rowOut);
            } catch (CodecException e) {
                throw refused(tensor, rounder, decoder, first, n, e);
            }
        }
        job.sink().write(piece.tensor(), piece.firstRow() * rowOut, out.segment.asSlice(0, piece.rows() * rowOut));
    }

    private void copy(WorkQueue.Piece piece, PlannedTensor tensor) throws IOException {
        TensorInfo source = tensor.source();
        int columns = Math.toIntExact(source.columns());
        long rowBytes = source.type().bytes(columns);
        in.reserve(piece.rows() * rowBytes);
        job.reader().read(source, piece.firstRow() * rowBytes, in.bytes(piece.rows() * rowBytes));
        if (Codecs.canEncode(source.type())) {
            Codec decoder = Codecs.of(source.type());
            int blockRows = Math.clamp(BLOCK_ELEMENTS / columns, 1, piece.rows());
            reserveValues(blockRows * columns);
            for (int row = 0; row < piece.rows(); row += blockRows) {
                int n = Math.min(blockRows, piece.rows() - row);
                decoder.decode(in.segment, row * rowBytes, values, 0, (long) n * columns);
                requireFinite(tensor, piece.firstRow() + row, n);
            }
        }
        job.sink().write(piece.tensor(), piece.firstRow() * rowBytes, in.segment.asSlice(0, piece.rows() * rowBytes));
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
            PlannedTensor tensor, Rounder.Rows rounder, Codec decoder, long first, int rows, CodecException cause)
            throws QuantizeException {
        int columns = (int) tensor.source().columns();
        long rowIn = tensor.source().type().bytes(columns);
        decoder.decode(in.segment, 0, values, 0, (long) rows * columns);
        requireFinite(tensor, first, rows);
        for (int row = 0; row < rows; row++) {
            decoder.decode(in.segment, row * rowIn, values, 0, columns);
            try {
                rounder.round(values, first + row, 1, out.segment, 0);
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

    /** Memory outside the heap that grows to the largest piece. */
    private static final class Buffer {
        @org.jspecify.annotations.Nullable
        Arena arena;

        MemorySegment segment = MemorySegment.NULL;
        ByteBuffer view = ByteBuffer.allocate(0);

        void reserve(long bytes) {
            if (segment.byteSize() < bytes) {
                segment = java.util.Objects.requireNonNull(arena).allocate(bytes, 64);
                view = segment.asByteBuffer();
            }
        }

        ByteBuffer bytes(long count) {
            return view.clear().limit((int) count);
        }
    }
}
