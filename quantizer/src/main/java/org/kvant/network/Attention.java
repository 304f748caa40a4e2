package org.kvant.network;

import java.util.Arrays;
import org.kvant.linalg.FloatMath;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/**
 * Causal attention with shared key-value heads, chunk by chunk: softmax(scale · Q·Kᵀ)·V. A task does some queries of one
 * chunk and the heads that share keys, so that no two tasks write the same gradient.
 */
final class Attention {
    private static final FloatMath MATH = FloatMath.get();

    /** Queries at a time: their products with all keys of a chunk of 512 stay in the second-level cache. */
    private static final int TILE = 128;

    private final Matrices matrices = new Matrices(Workers.single());
    private final Workers workers;
    private final int heads;
    private final int kvHeads;
    private final int size;
    private final int window;
    private final float scale;

    /** @param window positions that a query sees, itself included; 0 for all before it */
    Attention(int heads, int kvHeads, int headSize, int window, float scale, Workers workers) {
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.size = headSize;
        this.window = window;
        this.scale = scale;
        this.workers = workers;
    }

    /** Some queries of one head and the keys that at least one of them sees; rows are those of the group. */
    private record Tile(int firstRow, int queries, int firstKeyRow, int keys, int keysBefore) {}

    private Tile tile(int chunkStart, int query, int length) {
        int queries = Math.min(TILE, length - query);
        int firstKey = window == 0 ? 0 : Math.max(0, query - window + 1);
        return new Tile(
                chunkStart + query, queries, chunkStart + firstKey, query + queries - firstKey, query - firstKey);
    }

    /**
     * @param q {@code rows × heads · size}, after rotation
     * @param k {@code rows × kvHeads · size}, after rotation; v likewise
     * @param out receives {@code rows × heads · size}
     */
    void forward(Group group, float[] q, float[] k, float[] v, float[] out) {
        workers.forEach(group.chunks() * kvHeads, task -> {
            int start = group.starts()[task / kvHeads];
            int length = group.starts()[task / kvHeads + 1] - start;
            int kvHead = task % kvHeads;
            float[] p = new float[Math.min(TILE, length) * length];
            for (int head = kvHead * heads / kvHeads; head < (kvHead + 1) * heads / kvHeads; head++) {
                for (int query = 0; query < length; query += TILE) {
                    Tile tile = tile(start, query, length);
                    probabilities(tile, head, kvHead, q, k, p);
                    matrices.multiply(
                            false,
                            false,
                            tile.queries,
                            size,
                            tile.keys,
                            1,
                            p,
                            0,
                            tile.keys,
                            v,
                            keyAt(tile, kvHead),
                            kvHeads * size,
                            0,
                            out,
                            queryAt(tile, head),
                            heads * size);
                }
            }
        });
    }

    private int queryAt(Tile tile, int head) {
        return (tile.firstRow * heads + head) * size;
    }

    private int keyAt(Tile tile, int kvHead) {
        return (tile.firstKeyRow * kvHeads + kvHead) * size;
    }

    /** Fills p with {@code queries × keys} probabilities. */
    private void probabilities(Tile tile, int head, int kvHead, float[] q, float[] k, float[] p) {
        matrices.multiply(
                false,
                true,
                tile.queries,
                tile.keys,
                size,
                scale,
                q,
                queryAt(tile, head),
                heads * size,
                k,
                keyAt(tile, kvHead),
                kvHeads * size,
                0,
                p,
                0,
                tile.keys);
        for (int i = 0; i < tile.queries; i++) {
            int row = i * tile.keys;
            int to = tile.keysBefore + i + 1;
            int from = window == 0 ? 0 : Math.max(0, to - window);
            Arrays.fill(p, row, row + from, 0);
            Arrays.fill(p, row + to, row + tile.keys, 0);
            MATH.exp(p, row + from, -MATH.max(p, row + from, to - from), p, row + from, to - from);
            float factor = 1 / MATH.sum(p, row + from, to - from);
            for (int j = row + from; j < row + to; j++) {
                p[j] *= factor;
            }
        }
    }

    /**
     * @param out what {@link #forward} gave
     * @param dOut dL/dout
     * @param dQ receives dL/dq, dK and dV likewise
     */
    void backward(
            Group group,
            float[] q,
            float[] k,
            float[] v,
            float[] out,
            float[] dOut,
            float[] dQ,
            float[] dK,
            float[] dV) {
        Arrays.fill(dK, 0, group.size() * kvHeads * size, 0);
        Arrays.fill(dV, 0, group.size() * kvHeads * size, 0);
        workers.forEach(group.chunks() * kvHeads, task -> {
            int start = group.starts()[task / kvHeads];
            int length = group.starts()[task / kvHeads + 1] - start;
            int kvHead = task % kvHeads;
            float[] p = new float[Math.min(TILE, length) * length];
            float[] dP = new float[p.length];
            for (int head = kvHead * heads / kvHeads; head < (kvHead + 1) * heads / kvHeads; head++) {
                for (int query = 0; query < length; query += TILE) {
                    Tile tile = tile(start, query, length);
                    int queryAt = queryAt(tile, head);
                    int keyAt = keyAt(tile, kvHead);
                    probabilities(tile, head, kvHead, q, k, p);
                    multiplyByTransposed(tile, dOut, queryAt, v, keyAt, dP);
                    addTransposed(tile, 1, p, dOut, queryAt, dV, keyAt);
                    softmaxBackward(tile, p, out, dOut, queryAt, dP);
                    matrices.multiply(
                            false,
                            false,
                            tile.queries,
                            size,
                            tile.keys,
                            scale,
                            dP,
                            0,
                            tile.keys,
                            k,
                            keyAt,
                            kvHeads * size,
                            0,
                            dQ,
                            queryAt,
                            heads * size);
                    addTransposed(tile, scale, dP, q, queryAt, dK, keyAt);
                }
            }
        });
    }

    /** target = queries · keysᵀ. */
    private void multiplyByTransposed(
            Tile tile, float[] queries, int queryAt, float[] keys, int keyAt, float[] target) {
        matrices.multiply(
                false,
                true,
                tile.queries,
                tile.keys,
                size,
                1,
                queries,
                queryAt,
                heads * size,
                keys,
                keyAt,
                kvHeads * size,
                0,
                target,
                0,
                tile.keys);
    }

    /** keys += factor · sᵀ · queries, where s is {@code queries × keys}. */
    private void addTransposed(
            Tile tile, float factor, float[] s, float[] queries, int queryAt, float[] keys, int keyAt) {
        matrices.multiply(
                true,
                false,
                tile.keys,
                size,
                tile.queries,
                factor,
                s,
                0,
                tile.keys,
                queries,
                queryAt,
                heads * size,
                1,
                keys,
                keyAt,
                kvHeads * size);
    }

    /** dP becomes p · (dP − Σ p·dP); the sum is that of out · dOut (FlashAttention, Dao et al. 2022). */
    private void softmaxBackward(Tile tile, float[] p, float[] out, float[] dOut, int queryAt, float[] dP) {
        for (int i = 0; i < tile.queries; i++) {
            int at = queryAt + i * heads * size;
            float sum = MATH.dot(out, at, dOut, at, size);
            for (int j = i * tile.keys; j < (i + 1) * tile.keys; j++) {
                dP[j] = p[j] * (dP[j] - sum);
            }
        }
    }
}
