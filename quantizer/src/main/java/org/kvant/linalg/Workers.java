package org.kvant.linalg;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share loops. The calling thread works too. Loops must not be nested: inside a task, use {@link #single()}.
 * Thread-safe; the threads are daemons and end with {@link #close}.
 */
public final class Workers implements AutoCloseable {
    private static final Workers SINGLE = new Workers(1);

    private final int threads;
    private final @Nullable ExecutorService helpers;

    /** @param threads at least 1, the calling thread included */
    public Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; it must be at least 1");
        }
        this.threads = threads;
        this.helpers = threads == 1
                ? null
                : Executors.newFixedThreadPool(
                        threads - 1,
                        Thread.ofPlatform().daemon().name("linalg-", 1).factory());
    }

    /** No threads of its own: everything runs on the caller's. */
    public static Workers single() {
        return SINGLE;
    }

    /** How many threads work on a loop. */
    public int threads() {
        return threads;
    }

    /**
     * Runs a task for every index below a count, in no order, and returns when all are done. If one throws, the rest is left
     * out and the first exception thrown again.
     */
    public void forEach(int count, IntConsumer task) {
        int helping = Math.min(threads, count) - 1;
        ExecutorService pool = helpers;
        if (helping < 1 || pool == null) {
            for (int i = 0; i < count; i++) {
                task.accept(i);
            }
            return;
        }
        Loop loop = new Loop(count, task, helping);
        for (int i = 0; i < helping; i++) {
            pool.execute(loop::help);
        }
        loop.work();
        loop.await();
    }

    /** Cuts a range into pieces of at least {@code grain} and runs a task for each, as {@link #forEach} does. */
    public void forRanges(int size, int grain, RangeTask task) {
        int pieces = Math.clamp(size / Math.max(1, grain), 1, threads == 1 ? 1 : 4 * threads);
        forEach(pieces, i -> task.run((int) ((long) size * i / pieces), (int) ((long) size * (i + 1) / pieces)));
    }

    /** A piece of a loop: the indices from {@code from}, inclusive, to {@code to}, exclusive. */
    @FunctionalInterface
    public interface RangeTask {
        void run(int from, int to);
    }

    @Override
    public void close() {
        if (helpers != null) {
            helpers.shutdown();
        }
    }

    private static final class Loop {
        private final int count;
        private final IntConsumer task;
        private final CountDownLatch helping;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Loop(int count, IntConsumer task, int helping) {
            this.count = count;
            this.task = task;
            this.helping = new CountDownLatch(helping);
        }

        void help() {
            try {
                work();
            } finally {
                helping.countDown();
            }
        }

        void work() {
            try {
                for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                    task.accept(i);
                }
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
                next.set(count);
            }
        }

        /** Waits even when interrupted, because the helpers write into the caller's arrays; the interrupt is kept. */
        void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    helping.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            @Nullable Throwable thrown = failure.get();
            if (thrown instanceof Error error) {
                throw error;
            }
            if (thrown instanceof RuntimeException exception) {
                throw exception;
            }
        }
    }
}
