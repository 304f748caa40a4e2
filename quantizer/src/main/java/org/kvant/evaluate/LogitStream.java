package org.kvant.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextException;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.modelfile.ModelOptions;

/**
 * A loaded model that gives the logits of chunks, a tile of positions at a time. Confined to the thread that opened it; closing frees model
 * and context.
 */
final class LogitStream implements AutoCloseable {
    private static final int SEQUENCE = 0;

    /** As llama-perplexity: a batch of one chunk is computed 512 tokens at a time. */
    private static final int UBATCH = 512;

    private final Model model;
    private final Context context;
    private final Batch batch;
    private final int[] outputs;

    private LogitStream(Model model, Context context, int size, int tile) {
        this.model = model;
        this.context = context;
        this.batch = new Batch(size);
        this.outputs = new int[tile];
    }

    /**
     * Loads a model.
     *
     * @param size tokens of a chunk
     * @param tile the most rows that are asked for at a time
     * @throws EvaluateException if no context of that size or with these cache types can be made
     */
    static LogitStream open(Path file, KvTypes kv, int size, int tile, int threads) throws IOException {
        Model model = Model.load(file, ModelOptions.defaults());
        try {
            Context context = model.newContext(ContextOptions.builder()
                    .contextSize(size)
                    .batchSize(size)
                    .ubatchSize(Math.min(UBATCH, size))
                    .maxOutputs(Math.min(tile, size))
                    .threads(threads)
                    .cacheTypeK(kv.k())
                    .cacheTypeV(kv.v())
                    .build());
            return new LogitStream(model, context, size, tile);
        } catch (ContextException | IllegalArgumentException e) {
            model.close();
            throw new EvaluateException(file + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    Model model() {
        return model;
    }

    /**
     * Logits at positions {@code from} to {@code to - 1}. Tiles of a chunk are asked for in order.
     *
     * @param begin whether this is the chunk's first tile: everything before is computed too
     * @param last whether this is the last: what follows is computed as well, so that a chunk of one tile is one batch, as in
     *     llama-perplexity
     * @param target {@code to - from} rows, each as long as the vocabulary
     */
    void rows(int[] chunk, int from, int to, boolean begin, boolean last, float[][] target) throws IOException {
        if (begin) {
            context.memory().clear(false);
        }
        batch.clear();
        int end = last ? chunk.length : to;
        for (int position = begin ? 0 : from; position < end; position++) {
            boolean scored = position >= from && position < to;
            int index = batch.add(chunk[position], position, SEQUENCE, scored);
            if (scored) {
                outputs[position - from] = index;
            }
        }
        DecodeResult result = context.decode(batch);
        if (!(result instanceof DecodeResult.Ok)) {
            throw new EvaluateException(
                    model.path() + ": " + batch.size() + " tokens were not computed (" + result + ")");
        }
        for (int row = 0; row < to - from; row++) {
            context.logits(outputs[row], target[row]);
        }
    }

    @Override
    public void close() {
        context.close();
        model.close();
    }
}
