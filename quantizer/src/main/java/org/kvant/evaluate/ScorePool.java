package org.kvant.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Threads that score the rows of a tile. Closing ends them. */
final class ScorePool implements AutoCloseable {
    /** Work on one row, with a scorer that no other thread uses meanwhile. */
    @FunctionalInterface
    interface RowTask {
        void run(int row, RowScorer scorer) throws EvaluateException;
    }

    private final ExecutorService threads;
    private final List<RowScorer> scorers;

    ScorePool(int count) {
        this.threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().daemon().name("score-", 0).factory());
        this.scorers = IntStream.range(0, count).mapToObj(i -> new RowScorer()).toList();
    }

    /** Runs a task for rows 0 to {@code rows - 1} and waits for all of them. */
    void forRows(int rows, RowTask task) throws EvaluateException {
        List<Callable<Boolean>> parts = new ArrayList<>();
        for (int part = 0; part < scorers.size(); part++) {
            int first = part;
            parts.add(() -> {
                for (int row = first; row < rows; row += scorers.size()) {
                    task.run(row, scorers.get(first));
                }
                return true;
            });
        }
        try {
            for (Future<Boolean> done : threads.invokeAll(parts)) {
                done.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof EvaluateException known) {
                throw known;
            }
            throw new IllegalStateException("scoring failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EvaluateException("interrupted while scoring", e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
