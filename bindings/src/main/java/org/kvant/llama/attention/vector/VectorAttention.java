package org.kvant.llama.attention.vector;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.attention.AttentionKernel;
import org.kvant.llama.attention.AttentionTask;

/** Attention over quantized cells on the Vector API. One task at a time, all of the same types. */
public final class VectorAttention implements AttentionKernel {
    /** With at least so many parts for each thread, threads take the next one when they are done; otherwise each gets the same number of rows. */
    private static final int PARTS = 3;

    private final AtomicReferenceArray<@Nullable Worker> workers;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();

    /** @param threads the most that will ever call {@link #compute} for a task */
    public VectorAttention(int threads) {
        workers = new AtomicReferenceArray<>(threads);
    }

    @Override
    public void compute(AttentionTask task, int thread, int threads) {
        Worker worker = worker(task, thread);
        List<Parts.Part> parts = Parts.of(task, threads);
        int count = parts.size();
        if (!task.shared().any() && count < PARTS * threads) {
            int rows = task.rows();
            long all = (long) task.streams() * task.keyHeads() * rows;
            range(worker, task, all * thread / threads, all * (thread + 1) / threads);
            return;
        }
        for (int part = next.getAndIncrement(); part < count; part = next.getAndIncrement()) {
            worker.compute(task, parts.get(part));
        }
        // The last one to see that nothing is left prepares the next task, which begins when all threads have returned.
        if (done.incrementAndGet() == threads) {
            done.set(0);
            next.set(0);
        }
    }

    /** Rows of all heads of keys of all streams, one behind the other. */
    private static void range(Worker worker, AttentionTask task, long from, long to) {
        int rows = task.rows();
        while (from < to) {
            int head = (int) (from / rows);
            int stream = head / task.keyHeads();
            int first = (int) (from % rows);
            int count = (int) Math.min(Math.min(rows - first, to - from), Worker.ROWS);
            worker.compute(task, new Parts.Part(head % task.keyHeads(), stream, stream + 1, 0, first, count));
            from += count;
        }
    }

    private Worker worker(AttentionTask task, int thread) {
        Worker worker = workers.get(thread);
        if (worker == null || !worker.fits(task)) {
            worker = new Worker(task, rows(task.keyType()), rows(task.valueType()));
            workers.set(thread, worker);
        }
        return worker;
    }

    private static Rows rows(GgmlType type) {
        return switch (type) {
            case Q8_0 -> new RowsQ80();
            case Q4_0 -> new RowsQ40();
            case Q4_1 -> new RowsQ41();
            case Q5_0 -> new RowsQ50();
            case Q5_1 -> new RowsQ51();
            case IQ4_NL -> new RowsIq4Nl();
            default -> throw new IllegalArgumentException("no attention over cells of type " + type.label());
        };
    }
}
