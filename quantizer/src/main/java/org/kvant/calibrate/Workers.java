package org.kvant.calibrate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** A fixed number of threads that share out numbered pieces of work, the caller's among them. */
final class Workers implements AutoCloseable {
    private final int threads;
    private final ExecutorService others;

    Workers(int threads) {
        this.threads = threads;
        this.others = Executors.newFixedThreadPool(Math.max(1, threads - 1), body -> {
            Thread thread = new Thread(body, "kvant-calibrate");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Does pieces 0 to {@code count - 1}, each once, taken in this order; returns when all are done. */
    void forEach(int count, IntConsumer piece) {
        AtomicInteger next = new AtomicInteger();
        Runnable take = () -> {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                piece.accept(i);
            }
        };
        List<Future<?>> running = new ArrayList<>();
        for (int i = 1; i < Math.min(threads, count); i++) {
            running.add(others.submit(take));
        }
        try {
            take.run();
        } finally {
            running.forEach(Workers::join);
        }
    }

    private static void join(Future<?> worker) {
        boolean interrupted = false;
        while (true) {
            try {
                worker.get();
                break;
            } catch (InterruptedException e) {
                interrupted =
                        true; // the pieces write into memory that the caller will free: wait for them all the same
            } catch (ExecutionException e) {
                throw new IllegalStateException("a worker failed", e.getCause());
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        others.shutdown();
    }
}
