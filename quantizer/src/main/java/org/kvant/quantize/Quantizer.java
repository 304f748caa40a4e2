package org.kvant.quantize;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.GradientStatistics;
import org.kvant.calibrate.MomentSource;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorSpec;
import org.kvant.gguf.WriteOptions;
import org.kvant.round.RoundingOptions;

/**
 * Quantizes a GGUF file: plan → round → write. Memory is bounded by some pieces of rows a thread, whatever the model's size.
 */
public final class Quantizer {
    private static final long POLL_MILLIS = 50;

    /** Output bytes after which the disk is set to work, so that little is left to wait for at the end. */
    private static final long FLUSH_BYTES = 64L << 20;

    private Quantizer() {}

    /**
     * Says what {@link #run} would do, and writes nothing.
     *
     * @throws IOException if the input or the importance matrix can't be read, or the types can't be had
     */
    public static QuantizePlan plan(QuantizeOptions options) throws IOException {
        try (GgufFile input = GgufFile.open(options.input())) {
            checkStatistics(input, options);
            return PlanMaker.plan(input, options);
        }
    }

    /**
     * Quantizes. The output appears under its name when it is complete and on the disk; on any failure, and when the
     * calling thread is interrupted, nothing of it is left.
     *
     * @param listener called on the calling thread, some times a second
     * @throws QuantizeException if the plan has obstacles, or a weight is NaN, infinite or too large for its type
     * @throws InterruptedIOException if the calling thread is interrupted
     */
    public static QuantizeResult run(QuantizeOptions options, ProgressListener listener) throws IOException {
        long start = System.nanoTime();
        try (GgufFile input = GgufFile.open(options.input());
                RowReader reader = new RowReader(input)) {
            checkStatistics(input, options);
            QuantizePlan plan = PlanMaker.plan(input, options);
            if (!plan.obstacles().isEmpty()) {
                throw new QuantizeException(plan.obstacles().getFirst());
            }
            List<TensorSpec> specs = plan.tensors().stream()
                    .map(t -> t.source().spec().withType(t.type()))
                    .toList();
            try (GgufWriter writer =
                    GgufWriter.create(options.output(), plan.metadata(), specs, writeOptions(input, plan, options))) {
                writer.writeInAnyOrder();
                round(input, plan, reader, writer, options, listener);
                long outputBytes = 0;
                for (Path path : writer.paths()) {
                    outputBytes += Files.size(path);
                }
                return new QuantizeResult(
                        plan, writer.paths(), input.sizeBytes(), outputBytes, System.nanoTime() - start);
            }
        }
    }

    /** Before they are looked at as an importance matrix, whose errors would point elsewhere. */
    private static void checkStatistics(GgufFile input, QuantizeOptions options) throws IOException {
        if (options.statistics() != null) {
            try (MomentSource statistics = MomentSources.open(options.statistics(), input)) {
                options.activations().requireOf(statistics);
            }
        }
    }

    private static void round(
            GgufFile input,
            QuantizePlan plan,
            RowReader reader,
            GgufWriter writer,
            QuantizeOptions options,
            ProgressListener listener)
            throws IOException {
        if (options.statistics() == null) {
            Rounder rounder = new RoundToNearest(plan.imatrix());
            work(
                    new QuantizeJob(plan, reader, rounder, writer::writeAt, options.threads()),
                    plan,
                    writer,
                    options,
                    listener);
            writer.commit();
            return;
        }
        Assignment assignment = options.assignment();
        Path kept = assignment == null ? null : assignment.store();
        RoundingOptions rounding = assignment == null ? RoundingOptions.DEFAULT : assignment.rounding();
        boolean holdOut = assignment != null && assignment.holdOut();
        RoundedStore store = new RoundedStore(kept != null ? kept : CalibratedRounder.folderOf(options.output()));
        try (MomentSource statistics = MomentSources.open(options.statistics(), input)) {
            options.activations().requireOf(statistics);
            RoundingOptions threaded = rounding.withThreads(options.threads());
            CalibratedRounder calibrated =
                    new CalibratedRounder(input, statistics, store, threaded, holdOut, plan.imatrix());
            Rounder rounder =
                    options.activations() == Activations.MODEL || !(statistics instanceof GradientStatistics gradient)
                            ? calibrated
                            : SequentialRounder.run(
                                    input,
                                    plan,
                                    gradient,
                                    store,
                                    threaded,
                                    options.activations(),
                                    holdOut,
                                    calibrated,
                                    kept != null ? kept : CalibratedRounder.folderOf(options.output()),
                                    listener);
            work(
                    new QuantizeJob(plan, reader, rounder, writer::writeAt, options.threads()),
                    plan,
                    writer,
                    options,
                    listener);
            writer.commit();
        }
        if (kept == null) {
            store.remove();
        }
    }

    private static WriteOptions writeOptions(GgufFile input, QuantizePlan plan, QuantizeOptions options) {
        List<Path> inputs = new ArrayList<>(input.parts());
        if (options.imatrix() != null) {
            inputs.add(options.imatrix());
        }
        if (options.statistics() != null) {
            inputs.add(options.statistics());
        }
        QuantizeOptions.Split split = options.split();
        return split.keep()
                ? WriteOptions.SINGLE.withInputs(inputs).withTensorsPerPart(plan.tensorsPerPart())
                : new WriteOptions(split.maxBytes(), split.maxTensors(), inputs);
    }

    private static void work(
            QuantizeJob job, QuantizePlan plan, GgufWriter writer, QuantizeOptions options, ProgressListener listener)
            throws IOException {
        int threads = options.threads();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        CountDownLatch running = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            Thread.ofPlatform().daemon().name("quantize-" + i).start(() -> {
                try {
                    new QuantizeWorker(job).call();
                } catch (Throwable e) {
                    job.stop();
                    Throwable first = failure.compareAndExchange(null, e);
                    if (first != null) {
                        first.addSuppressed(e);
                    }
                } finally {
                    running.countDown();
                }
            });
        }
        try {
            watch(job, plan, writer, running, listener);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted; nothing was written");
        } finally {
            job.stop();
            awaitUninterruptibly(running);
        }
        rethrow(failure.get());
    }

    /** Reports progress and keeps the disk busy until the workers have ended. */
    private static void watch(
            QuantizeJob job, QuantizePlan plan, GgufWriter writer, CountDownLatch running, ProgressListener listener)
            throws IOException, InterruptedException {
        long total = plan.sourceBytes();
        double shrink = (double) plan.bytes() / Math.max(1, total);
        double flushed = 0;
        while (!running.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            listener.step(job.current(), job.doneBytes(), total);
            double written = job.doneBytes() * shrink;
            if (written - flushed >= FLUSH_BYTES) {
                flushed = written;
                writer.flush();
            }
        }
        listener.step(job.current(), job.doneBytes(), total);
    }

    private static void awaitUninterruptibly(CountDownLatch running) {
        boolean interrupted = false;
        while (true) {
            try {
                running.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void rethrow(@Nullable Throwable failure) throws IOException {
        switch (failure) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }
}
