package org.kvant.calibrate;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What to calibrate on and how.
 *
 * @param model a GGUF file; of a split one the first part
 * @param output the statistics file to write; while that is under way, the folder {@code NAME.partial} beside it holds what is needed to go on
 * @param source where the text comes from
 * @param chunks the most chunks to take
 * @param chunkSize tokens a chunk; every chunk is a text of its own to the model
 * @param full whether to keep full second moments besides their diagonals
 * @param threads that compute
 * @param memoryBytes the most memory for full second moments; if they need more, the model runs over the text several times. Null for 2 GiB, or
 *     with gradients what the heap has to spare
 * @param tokenWeights of the full second moments; layers that share an input then get one each; null if all tokens count the same
 * @param saveEvery how much time an interruption may cost
 */
public record CalibrateOptions(
        Path model,
        Path output,
        TextSource source,
        int chunks,
        int chunkSize,
        boolean full,
        int threads,
        @Nullable Long memoryBytes,
        @Nullable TokenWeights tokenWeights,
        Duration saveEvery) {
    public static final int DEFAULT_CHUNKS = 64;
    public static final int DEFAULT_CHUNK_SIZE = 512;
    public static final long DEFAULT_MEMORY_BYTES = 2L << 30;

    /** llama-imatrix leaves out micro-batches of fewer than 16 tokens. */
    public static final int MIN_CHUNK_SIZE = 32;

    public static final int MAX_CHUNK_SIZE = 1 << 16;
    public static final int MAX_CHUNKS = 1 << 20;

    public CalibrateOptions {
        Objects.requireNonNull(source, "source");
        check("chunks", chunks, 1, MAX_CHUNKS);
        check("chunkSize", chunkSize, MIN_CHUNK_SIZE, MAX_CHUNK_SIZE);
        check("threads", threads, 1, org.kvant.llama.ContextOptions.MAX_THREADS);
        if (memoryBytes != null && memoryBytes < 1) {
            throw new IllegalArgumentException("memoryBytes is " + memoryBytes);
        }
    }

    private static void check(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " is " + value + ", but must be " + least + " to " + most);
        }
    }

    /** Diagonals on 64 chunks of 512 tokens, all cores, saved every half a minute. */
    public static CalibrateOptions of(Path model, Path output, TextSource source) {
        return new CalibrateOptions(
                model,
                output,
                source,
                DEFAULT_CHUNKS,
                DEFAULT_CHUNK_SIZE,
                false,
                Runtime.getRuntime().availableProcessors(),
                null,
                null,
                Duration.ofSeconds(30));
    }

    /** The most memory for full second moments. */
    long momentBytes() {
        return memoryBytes == null ? DEFAULT_MEMORY_BYTES : memoryBytes;
    }

    public CalibrateOptions withChunks(int most, int size) {
        return new CalibrateOptions(
                model, output, source, most, size, full, threads, memoryBytes, tokenWeights, saveEvery);
    }

    public CalibrateOptions withFull(boolean wanted, long memory) {
        return new CalibrateOptions(
                model, output, source, chunks, chunkSize, wanted, threads, memory, tokenWeights, saveEvery);
    }

    /** @param memory null to choose it */
    public CalibrateOptions withMemory(@Nullable Long memory) {
        return new CalibrateOptions(
                model, output, source, chunks, chunkSize, full, threads, memory, tokenWeights, saveEvery);
    }

    public CalibrateOptions withThreads(int count) {
        return new CalibrateOptions(
                model, output, source, chunks, chunkSize, full, count, memoryBytes, tokenWeights, saveEvery);
    }

    public CalibrateOptions withTokenWeights(TokenWeights weights) {
        return new CalibrateOptions(
                model, output, source, chunks, chunkSize, full, threads, memoryBytes, weights, saveEvery);
    }

    public CalibrateOptions withSaveEvery(Duration period) {
        return new CalibrateOptions(
                model, output, source, chunks, chunkSize, full, threads, memoryBytes, tokenWeights, period);
    }
}
