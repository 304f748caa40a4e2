package org.kvant.evaluate;

import java.nio.file.Path;
import java.util.List;

/**
 * What to evaluate.
 *
 * @param reference the model in full precision
 * @param candidates files made of it, at least one
 * @param texts texts in UTF-8, at least one
 * @param chunks the most chunks of each text; 0 for all
 * @param chunkSize tokens of a chunk
 * @param kv types of the candidates' KV cache; the reference's is F16
 * @param threads threads that compute
 */
public record EvaluateOptions(
        Path reference, List<Path> candidates, List<Path> texts, int chunks, int chunkSize, KvTypes kv, int threads) {
    /** Chunks as llama-perplexity has them unless told otherwise. */
    public static final int CHUNK_SIZE = 512;

    public EvaluateOptions {
        candidates = List.copyOf(candidates);
        texts = List.copyOf(texts);
        if (threads < 1) {
            throw new IllegalArgumentException("there must be at least one thread, not " + threads);
        }
    }

    /** All chunks of 512 tokens, F16 caches. */
    public static EvaluateOptions of(Path reference, List<Path> candidates, List<Path> texts, int threads) {
        return new EvaluateOptions(reference, candidates, texts, 0, CHUNK_SIZE, KvTypes.F16, threads);
    }

    public EvaluateOptions withChunks(int limit, int size) {
        return new EvaluateOptions(reference, candidates, texts, limit, size, kv, threads);
    }

    public EvaluateOptions withKv(KvTypes types) {
        return new EvaluateOptions(reference, candidates, texts, chunks, chunkSize, types, threads);
    }
}
