package org.kvant.quantize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What the workers share: the plan, its input and output, and how far they have come. Thread-safe. */
final class QuantizeJob {
    private final QuantizePlan plan;
    private final RowReader reader;
    private final Rounder rounder;
    private final TensorSink sink;
    private final WorkQueue queue;
    private final Rounder.@Nullable Rows[] rows;
    private final long[] rowsLeft;
    private final LongAdder doneBytes = new LongAdder();
    private volatile String current = "";
    private volatile boolean stopped;

    QuantizeJob(QuantizePlan plan, RowReader reader, Rounder rounder, TensorSink sink, int threads) {
        this.plan = plan;
        this.reader = reader;
        this.rounder = rounder;
        this.sink = sink;
        List<PlannedTensor> tensors = plan.tensors();
        this.queue = new WorkQueue(tensors, rounder.order(tensors), threads);
        this.rows = new Rounder.Rows[tensors.size()];
        this.rowsLeft = tensors.stream().mapToLong(t -> t.source().rows()).toArray();
    }

    Path input() {
        return plan.input();
    }

    RowReader reader() {
        return reader;
    }

    TensorSink sink() {
        return sink;
    }

    /** The next piece of work, or null if there is none or another worker has failed. */
    WorkQueue.@Nullable Piece next() {
        WorkQueue.Piece piece = stopped ? null : queue.next();
        if (piece != null) {
            current = tensor(piece).name();
        }
        return piece;
    }

    PlannedTensor tensor(WorkQueue.Piece piece) {
        return plan.tensors().get(piece.tensor());
    }

    /** The rounder of a tensor, prepared by whoever comes first and forgotten after the tensor's last row. */
    Rounder.Rows rounder(int tensor) throws IOException {
        synchronized (rows) {
            Rounder.Rows prepared = rows[tensor];
            if (prepared == null) {
                prepared = rounder.rowsOf(plan.tensors().get(tensor));
                rows[tensor] = prepared;
            }
            return prepared;
        }
    }

    void done(WorkQueue.Piece piece) {
        var source = tensor(piece).source();
        doneBytes.add(piece.rows() * source.type().bytes(source.columns()));
        synchronized (rows) {
            rowsLeft[piece.tensor()] -= piece.rows();
            if (rowsLeft[piece.tensor()] == 0) {
                rows[piece.tensor()] = null;
            }
        }
    }

    /** Lets the workers end after the piece they are at. */
    void stop() {
        stopped = true;
    }

    /** Name of a tensor that is being worked on. */
    String current() {
        return current;
    }

    /** Bytes of the input that are done. */
    long doneBytes() {
        return doneBytes.sum();
    }
}
