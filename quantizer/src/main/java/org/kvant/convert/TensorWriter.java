package org.kvant.convert;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.kvant.convert.SafetensorsFile.SourceTensor;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.ProgressListener;

/** Converts tensors one after the other in pieces of a few MiB, so that memory does not grow with the model. */
final class TensorWriter {
    private static final int PIECE_VALUES = 1 << 20;

    private final GgufWriter out;
    private final ProgressListener progress;
    private final long totalBytes;
    private final float[] values = new float[PIECE_VALUES];
    private final MemorySegment bytes = MemorySegment.ofArray(new byte[PIECE_VALUES * Float.BYTES]);
    private long doneBytes;

    TensorWriter(GgufWriter out, List<TensorJob> jobs, ProgressListener progress) {
        this.out = out;
        this.progress = progress;
        totalBytes = jobs.stream().mapToLong(TensorJob::bytes).sum();
    }

    void write(TensorJob job) throws IOException {
        out.begin(job.name());
        SourceTensor source = job.source();
        if (source == null) {
            float[] generated = job.generated() == null ? new float[0] : job.generated();
            System.arraycopy(generated, 0, values, 0, generated.length);
            append(job, generated.length);
        } else if (ValueConverter.same(source.dtype(), job.type()) && job.heads() == 0 && job.shift() == 0) {
            copy(job, source.data().asSlice(0, job.bytes()));
        } else if (job.heads() > 0) {
            reorder(job, source);
        } else {
            convert(job, source);
        }
    }

    private void copy(TensorJob job, MemorySegment data) throws IOException {
        long piece = bytes.byteSize();
        for (long at = 0; at < data.byteSize(); at += piece) {
            MemorySegment part = data.asSlice(at, Math.min(piece, data.byteSize() - at));
            out.append(part);
            advance(job, part.byteSize());
        }
    }

    private void convert(TensorJob job, SourceTensor source) throws IOException {
        long count = job.elements();
        for (long at = 0; at < count; at += PIECE_VALUES) {
            int piece = (int) Math.min(PIECE_VALUES, count - at);
            ValueConverter.read(source.dtype(), source.data(), at, values, 0, piece);
            if (job.shift() != 0) {
                ValueConverter.add(source.dtype(), job.shift(), values, piece);
            }
            append(job, piece);
        }
    }

    /** Row by row, since rows that end up side by side come from different places. A bias is a matrix of one column. */
    private void reorder(TensorJob job, SourceTensor source) throws IOException {
        boolean vector = job.shape().size() == 1;
        long rows = vector ? job.shape().getFirst() : job.shape().get(1);
        long columns = vector ? 1 : job.shape().getFirst();
        long rowsPerHead = rows / job.heads();
        int filled = 0;
        for (long row = 0; row < rows; row++) {
            long from = RowOrder.source(row, rowsPerHead) * columns;
            for (long at = 0; at < columns; ) {
                if (filled == PIECE_VALUES) {
                    append(job, filled);
                    filled = 0;
                }
                int piece = (int) Math.min(columns - at, PIECE_VALUES - filled);
                ValueConverter.read(source.dtype(), source.data(), from + at, values, filled, piece);
                filled += piece;
                at += piece;
            }
        }
        append(job, filled);
    }

    private void append(TensorJob job, int count) throws IOException {
        ValueConverter.write(job.type(), values, count, bytes);
        long size = job.type().bytes(count);
        out.append(bytes.asSlice(0, size));
        advance(job, size);
    }

    private void advance(TensorJob job, long size) {
        doneBytes += size;
        progress.step(job.name(), doneBytes, totalBytes);
    }
}
