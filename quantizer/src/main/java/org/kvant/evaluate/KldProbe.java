package org.kvant.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The KLD of many candidates to one reference, whose logits are computed once and kept in a temporary file
 * (2 bytes × vocabulary × scored tokens). What a search calls to learn what a choice really costs. {@code org.kvant.llama.Backend} must be
 * loaded. One thread at a time.
 */
public final class KldProbe implements AutoCloseable {
    private final Path reference;
    private final TokenChunks chunks;
    private final int vocabulary;
    private final int threads;
    private final Tiles tiles;
    private final StoredLogits stored;
    private final ScorePool pool;
    private final ReferenceTile tile;
    private final float[][] rows;

    private KldProbe(Path reference, TokenChunks chunks, int vocabulary, int threads, StoredLogits stored) {
        this.reference = reference;
        this.chunks = chunks;
        this.vocabulary = vocabulary;
        this.threads = threads;
        this.tiles = Tiles.of(chunks, vocabulary);
        this.stored = stored;
        this.pool = new ScorePool(threads);
        this.tile = new ReferenceTile(tiles.rows(), vocabulary);
        this.rows = new float[tiles.rows()][vocabulary];
    }

    /**
     * Reads texts, cuts them into chunks ({@link TokenChunks}) and runs the reference over them.
     *
     * @param chunks the most chunks of each text; 0 for all
     * @param folder where the temporary file lies
     */
    public static KldProbe open(Path reference, List<Path> texts, int chunks, int chunkSize, int threads, Path folder)
            throws IOException {
        TokenChunks cut;
        try (VocabularyOnly tokenizer = VocabularyOnly.open(reference)) {
            cut = TokenChunks.read(texts, tokenizer.vocab(), chunkSize, chunks);
        }
        return open(reference, cut, threads, folder);
    }

    /**
     * Runs the reference over chunks of tokens.
     *
     * @param chunks all of one length; the second half of each is scored
     * @param folder where the temporary file lies
     * @throws EvaluateException if a token is not in the vocabulary or there is no room for the logits
     */
    public static KldProbe open(Path reference, TokenChunks chunks, int threads, Path folder) throws IOException {
        int vocabulary;
        try (VocabularyOnly tokenizer = VocabularyOnly.open(reference)) {
            vocabulary = tokenizer.vocab().size();
        }
        if (Arrays.stream(chunks.tokens()).flatMapToInt(Arrays::stream).anyMatch(t -> t < 0 || t >= vocabulary)) {
            throw new EvaluateException("the chunks have tokens outside the vocabulary of " + vocabulary + " of "
                    + reference + "; tokenize with that model");
        }
        StoredLogits stored = StoredLogits.create(folder, chunks.scored(), vocabulary);
        KldProbe probe = new KldProbe(reference, chunks, vocabulary, threads, stored);
        try {
            probe.record();
            return probe;
        } catch (IOException | RuntimeException e) {
            probe.close();
            throw e;
        }
    }

    private void record() throws IOException {
        try (LogitStream model = LogitStream.open(reference, KvTypes.F16, chunks.size(), tiles.rows(), threads)) {
            forTiles(
                    model,
                    (chunk, from, to, at) -> pool.forRows(to - from, (row, scorer) -> {
                        float max = RowScorer.max(rows[row], vocabulary);
                        if (!Float.isFinite(max)) {
                            throw new EvaluateException(reference + ", chunk " + (chunk + 1) + ": the largest logit is "
                                    + max + ": the model is damaged or its numbers overflow");
                        }
                        stored.write(at + row, rows[row]);
                    }));
        }
    }

    /** {@link #evaluate(Path, KvTypes)} with an F16 cache. */
    public TokenScores evaluate(Path candidate) throws IOException {
        return evaluate(candidate, KvTypes.F16);
    }

    /**
     * Runs a candidate over the same chunks.
     *
     * @return its scores; {@link TokenScores#meanDivergence} is the KLD, {@link TokenScores#chunkDivergence} that of a chunk,
     *     and two of them can be compared by {@link PairedComparison}
     * @throws EvaluateException if its vocabulary is another
     * @throws IOException if it cannot be read or loaded
     */
    public TokenScores evaluate(Path candidate, KvTypes kv) throws IOException {
        TokenScores scores = TokenScores.allocate(chunks.count(), chunks.scoredPerChunk());
        try (LogitStream model = LogitStream.open(candidate, kv, chunks.size(), tiles.rows(), threads)) {
            if (model.model().vocab().size() != vocabulary) {
                throw new EvaluateException(candidate + ": its vocabulary has "
                        + model.model().vocab().size() + " tokens, the reference " + vocabulary + " (" + reference
                        + "); compare files that were made of the same model");
            }
            forTiles(model, (chunk, from, to, at) -> {
                String where = candidate + ", chunk " + (chunk + 1);
                pool.forRows(to - from, (row, scorer) -> stored.read(at + row, tile.logits[row]));
                tile.prepare(to - from, pool, where);
                int[] targets = Arrays.copyOfRange(chunks.tokens()[chunk], from + 1, to + 1);
                tile.score(rows, to - from, targets, scores, at, pool, where);
            });
        }
        return scores;
    }

    @FunctionalInterface
    private interface TileTask {
        void run(int chunk, int from, int to, int at) throws IOException;
    }

    /** Fills {@link #rows} with the model's logits, tile after tile. */
    private void forTiles(LogitStream model, TileTask task) throws IOException {
        for (int chunk = 0; chunk < chunks.count(); chunk++) {
            for (int from = tiles.first(); from < tiles.end(); from = tiles.endOf(from)) {
                int to = tiles.endOf(from);
                model.rows(chunks.tokens()[chunk], from, to, tiles.begins(from), tiles.ends(to), rows);
                task.run(chunk, from, to, chunk * chunks.scoredPerChunk() + from - tiles.first());
            }
        }
    }

    /** The tokens it evaluates on. */
    public TokenChunks chunks() {
        return chunks;
    }

    @Override
    public void close() {
        pool.close();
        stored.close();
    }
}
