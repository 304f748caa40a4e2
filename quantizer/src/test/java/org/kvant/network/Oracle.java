package org.kvant.network;

import java.io.IOException;
import java.nio.file.Path;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.FlashAttention;
import org.kvant.llama.Model;
import org.kvant.llama.modelfile.ModelOptions;

/** Logits as llama.cpp computes them, with an F32 cache and without flash attention. */
final class Oracle {

    private Oracle() {}

    /** Logits of every chunk and token. */
    static float[][][] logits(Path file, int[][] chunks) throws IOException {
        Backend.load();
        float[][][] logits = new float[chunks.length][][];
        try (Model model = Model.load(file, ModelOptions.defaults().withRepackWeights(false))) {
            for (int c = 0; c < chunks.length; c++) {
                int length = chunks[c].length;
                ContextOptions options = ContextOptions.builder()
                        .contextSize(Math.max(256, length))
                        .batchSize(length)
                        .ubatchSize(length)
                        .threads(1)
                        .threadsBatch(2)
                        .cacheTypeK(GgmlType.F32)
                        .cacheTypeV(GgmlType.F32)
                        .flashAttention(FlashAttention.DISABLED)
                        .build();
                try (Context context = model.newContext(options)) {
                    Batch batch = new Batch(length);
                    for (int i = 0; i < length; i++) {
                        batch.add(chunks[c][i], i, 0, true);
                    }
                    context.decode(batch);
                    logits[c] = new float[length][];
                    for (int i = 0; i < length; i++) {
                        logits[c][i] = context.logits(i);
                    }
                }
            }
        }
        return logits;
    }
}
