package org.kvant.allocate;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.Fingerprint;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.round.RoundingOptions;

/**
 * Measures what each candidate type would cost each tensor: a sample of its rows is rounded with error feedback, and the errors are weighed with
 * the curvature, held-out text's where there is some. Of stacked experts a few are looked at.
 */
public final class Sensitivities {
    /** Rows of a matrix that are rounded: the losses' standard error is then some percent, that of ratios between types less. */
    static final int ROWS = 48;

    private static final int EXPERTS = 4;

    /** Raised when the same inputs would give other losses. */
    private static final int VERSION = 1;

    /** Copies of a moment that measuring a tensor holds: the moment, its held-out twin, the damped one, its factor and what that is made of. */
    private static final int COPIES = 6;

    /** Where the training tokens are fewer than needed, less would make the errors of wide matrices look smaller than they become. */
    private static final double DAMPING = 0.1;

    private Sensitivities() {}

    /**
     * Measures the tensors that are to be quantized.
     *
     * @param tensors those to measure
     * @param types the candidates for all
     * @param cache a file that keeps what was measured, or null
     * @param threads to work with
     * @param listener called on the calling thread after each tensor, with weights done and in all
     * @return losses in the order of the tensors
     * @throws InterruptedIOException if the thread is interrupted
     */
    public static List<TensorLosses> measure(
            GgufFile model,
            List<TensorInfo> tensors,
            List<GgmlType> types,
            Curvature curvature,
            @Nullable Path cache,
            int threads,
            ProgressListener listener)
            throws IOException {
        String key = "losses " + VERSION + " " + ROWS + " "
                + Fingerprint.of(model).weights() + " " + curvature.identity() + " " + types;
        try (LossCache known = LossCache.open(cache, key)) {
            List<TensorInfo> open = tensors.stream()
                    .filter(tensor -> known.get(tensor.name()) == null)
                    .sorted(Comparator.comparingLong(TensorInfo::columns).reversed())
                    .toList();
            int workers = workers(open, threads);
            RoundingOptions options = RoundingOptions.DEFAULT
                    .withSweeps(0)
                    .withDamping(DAMPING)
                    .withThreads(Math.max(1, threads / workers));
            TypeLoss losses = new TypeLoss(model, curvature, ROWS, EXPERTS, options);
            measure(open, types, losses, known, workers, listener);
            List<TypeLoss.Measured> measured = tensors.stream()
                    .map(tensor -> Objects.requireNonNull(known.get(tensor.name())))
                    .toList();
            return inferred(tensors, measured);
        }
    }

    private static int workers(List<TensorInfo> tensors, int threads) {
        long widest = tensors.stream().mapToLong(TensorInfo::columns).max().orElse(1);
        long bytes = COPIES * widest * widest * Float.BYTES;
        return Math.clamp(Runtime.getRuntime().maxMemory() / 2 / Math.max(1, bytes), 1, threads);
    }

    private static void measure(
            List<TensorInfo> tensors,
            List<GgmlType> types,
            TypeLoss losses,
            LossCache cache,
            int workers,
            ProgressListener listener)
            throws IOException {
        long total = tensors.stream().mapToLong(Sensitivities::work).sum();
        ExecutorService pool = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().daemon().name("measure-", 0).factory());
        try {
            ExecutorCompletionService<TensorInfo> running = new ExecutorCompletionService<>(pool);
            for (TensorInfo tensor : tensors) {
                Callable<TensorInfo> task = () -> {
                    cache.put(tensor.name(), losses.of(tensor, Candidates.of(tensor, types)));
                    return tensor;
                };
                running.submit(task);
            }
            long done = 0;
            for (int i = 0; i < tensors.size(); i++) {
                TensorInfo tensor = running.take().get();
                done += work(tensor);
                listener.step(tensor.name(), done, total);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while measuring what types cost; a rerun goes on from here");
        } catch (ExecutionException e) {
            throw cause(e);
        } finally {
            pool.shutdownNow();
            pool.close();
        }
    }

    private static IOException cause(ExecutionException e) {
        return switch (e.getCause()) {
            case IOException io -> io;
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            case null, default -> throw new IllegalStateException(e);
        };
    }

    /** Grows as the time that a tensor takes: rounding its sample and factoring its moment. */
    private static long work(TensorInfo tensor) {
        long columns = tensor.columns();
        return columns * columns / 64 * (columns / 64 + ROWS) / 64 + 1;
    }

    /**
     * Tensors of which nothing is known get the mean of what the same relative error costs the others; that is right for a table of embeddings
     * in so far as its errors reach every layer.
     */
    private static List<TensorLosses> inferred(List<TensorInfo> tensors, List<TypeLoss.Measured> measured)
            throws AllocateException {
        List<TensorLosses> all = new ArrayList<>();
        if (measured.stream().noneMatch(TypeLoss.Measured::known)) {
            throw new AllocateException("the statistics know none of the model's " + tensors.size()
                    + " weight matrices; calibrate with this very model");
        }
        for (int i = 0; i < tensors.size(); i++) {
            TypeLoss.Measured own = measured.get(i);
            if (own.known()) {
                all.add(new TensorLosses(tensors.get(i), own.losses(), true));
                continue;
            }
            double worst =
                    own.losses().values().stream().mapToDouble(x -> x).max().orElse(0);
            Map<GgmlType, Double> losses = new EnumMap<>(GgmlType.class);
            double mean = meanOfWorst(measured);
            own.losses().forEach((type, loss) -> losses.put(type, worst > 0 ? mean * loss / worst : 0));
            all.add(new TensorLosses(tensors.get(i), losses, false));
        }
        return all;
    }

    private static double meanOfWorst(List<TypeLoss.Measured> measured) {
        return measured.stream()
                .filter(TypeLoss.Measured::known)
                .mapToDouble(m ->
                        m.losses().values().stream().mapToDouble(x -> x).max().orElse(0))
                .average()
                .orElse(0);
    }
}
