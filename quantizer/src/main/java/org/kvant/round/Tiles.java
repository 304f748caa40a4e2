package org.kvant.round;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Spreads pieces of work over threads. */
final class Tiles {

    /** Work on the rows [from, to). */
    interface Work {
        void run(int from, int to);
    }

    private Tiles() {}

    /** Runs the work over [0, n) in tiles of some size, on the caller's thread if one is enough; returns when all is done. */
    static void run(int n, int tile, int threads, Work work) {
        int tiles = (n + tile - 1) / tile;
        int workers = Math.min(threads, tiles);
        if (workers <= 1) {
            for (int from = 0; from < n; from += tile) {
                work.run(from, Math.min(n, from + tile));
            }
            return;
        }
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService pool = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().daemon().name("round-", 0).factory())) {
            List<Future<?>> running = new ArrayList<>();
            for (int w = 0; w < workers; w++) {
                running.add(pool.submit(() -> {
                    for (int t = next.getAndIncrement(); t < tiles; t = next.getAndIncrement()) {
                        work.run(t * tile, Math.min(n, (t + 1) * tile));
                    }
                }));
            }
            for (Future<?> one : running) {
                await(one, next, tiles);
            }
        }
    }

    private static void await(Future<?> future, AtomicInteger next, int tiles) {
        try {
            future.get();
        } catch (ExecutionException e) {
            next.set(tiles);
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            next.set(tiles);
            Thread.currentThread().interrupt();
            throw new RoundException("rounding was interrupted");
        }
    }
}
