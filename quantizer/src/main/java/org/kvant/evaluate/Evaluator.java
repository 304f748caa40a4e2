package org.kvant.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.kvant.gguf.ProgressListener;

/**
 * Runs candidates beside the reference: chunk after chunk, the reference's logits once, then each candidate's. Memory holds the models, a
 * tile of logits of the reference and one of a candidate ({@link Tiles}), and the scores of the tokens. {@code org.kvant.llama.Backend} must
 * be loaded. Runs on the calling thread and {@link EvaluateOptions#threads} more.
 */
public final class Evaluator implements AutoCloseable {
    private final EvaluateOptions options;
    private final ScorePool pool;
    private final ProgressListener progress;
    private long done;
    private long total;

    private Evaluator(EvaluateOptions options, ProgressListener progress) {
        this.options = options;
        this.pool = new ScorePool(options.threads());
        this.progress = progress;
    }

    /**
     * Evaluates all candidates.
     *
     * @param progress told of tokens computed instead of bytes
     * @throws EvaluateException if the inputs do not fit each other
     * @throws IOException if a file cannot be read or loaded
     */
    public static Evaluation run(EvaluateOptions options, ProgressListener progress) throws IOException {
        if (options.candidates().isEmpty()) {
            throw new EvaluateException("there is no model to evaluate; name one");
        }
        long started = System.nanoTime();
        try (Evaluator evaluator = new Evaluator(options, progress)) {
            return evaluator.run(started);
        }
    }

    private Evaluation run(long started) throws IOException {
        List<List<Path>> groups = MemoryGroups.of(options.reference(), options.candidates());
        TokenChunks chunks;
        int vocabulary;
        try (VocabularyOnly tokenizer = VocabularyOnly.open(options.reference())) {
            chunks = TokenChunks.read(options.texts(), tokenizer.vocab(), options.chunkSize(), options.chunks());
            vocabulary = tokenizer.vocab().size();
        }
        total = (long) chunks.count()
                * chunks.size()
                * (groups.size() + options.candidates().size());
        Tiles tiles = Tiles.of(chunks, vocabulary);
        List<Evaluation.Candidate> results = new ArrayList<>();
        ReferenceTile tile = new ReferenceTile(tiles.rows(), vocabulary);
        float[][] rows = new float[tiles.rows()][vocabulary];
        try (LogitStream reference =
                LogitStream.open(options.reference(), KvTypes.F16, chunks.size(), tiles.rows(), options.threads())) {
            for (List<Path> group : groups) {
                List<TokenScores> scores = pass(reference, group, chunks, tiles, tile, rows);
                for (int i = 0; i < group.size(); i++) {
                    results.add(candidate(group.get(i), scores.get(i), chunks));
                }
            }
        }
        return new Evaluation(options, chunks, vocabulary, results, System.nanoTime() - started);
    }

    private List<TokenScores> pass(
            LogitStream reference,
            List<Path> group,
            TokenChunks chunks,
            Tiles tiles,
            ReferenceTile tile,
            float[][] rows)
            throws IOException {
        List<LogitStream> candidates = new ArrayList<>();
        try {
            List<TokenScores> scores = new ArrayList<>();
            for (Path file : group) {
                LogitStream candidate =
                        LogitStream.open(file, options.kv(), chunks.size(), tiles.rows(), options.threads());
                candidates.add(candidate);
                VocabularyMatch.require(reference.model(), candidate.model());
                scores.add(TokenScores.allocate(chunks.count(), chunks.scoredPerChunk()));
            }
            for (int chunk = 0; chunk < chunks.count(); chunk++) {
                chunk(chunk, reference, candidates, chunks, tiles, tile, rows, scores);
            }
            return scores;
        } finally {
            candidates.forEach(LogitStream::close);
        }
    }

    private void chunk(
            int chunk,
            LogitStream reference,
            List<LogitStream> candidates,
            TokenChunks chunks,
            Tiles tiles,
            ReferenceTile tile,
            float[][] rows,
            List<TokenScores> scores)
            throws IOException {
        int[] tokens = chunks.tokens()[chunk];
        for (int from = tiles.first(); from < tiles.end(); from = tiles.endOf(from)) {
            int to = tiles.endOf(from);
            int at = chunk * chunks.scoredPerChunk() + from - tiles.first();
            int[] targets = Arrays.copyOfRange(tokens, from + 1, to + 1);
            reference.rows(tokens, from, to, tiles.begins(from), tiles.ends(to), tile.logits);
            tile.prepare(to - from, pool, where(options.reference(), chunk));
            step(chunk, chunks, tiles, to, options.reference());
            for (int i = 0; i < candidates.size(); i++) {
                Path file = candidates.get(i).model().path();
                candidates.get(i).rows(tokens, from, to, tiles.begins(from), tiles.ends(to), rows);
                tile.score(rows, to - from, targets, scores.get(i), at, pool, where(file, chunk));
                step(chunk, chunks, tiles, to, file);
            }
        }
    }

    private void step(int chunk, TokenChunks chunks, Tiles tiles, int to, Path file) {
        if (tiles.ends(to)) {
            done += chunks.size();
            progress.step("chunk " + (chunk + 1) + "/" + chunks.count() + " " + file.getFileName(), done, total);
        }
    }

    private static String where(Path file, int chunk) {
        return file + ", chunk " + (chunk + 1);
    }

    private static Evaluation.Candidate candidate(Path file, TokenScores scores, TokenChunks chunks) {
        Map<Path, Figures> byText = new LinkedHashMap<>();
        if (chunks.texts().size() > 1) {
            for (int text = 0; text < chunks.texts().size(); text++) {
                int wanted = text;
                int[] own = IntStream.range(0, chunks.count())
                        .filter(chunk -> chunks.textOf()[chunk] == wanted)
                        .toArray();
                byText.put(chunks.texts().get(text), Figures.of(scores.ofChunks(own)));
            }
        }
        return new Evaluation.Candidate(file, scores, Figures.of(scores), byText);
    }

    @Override
    public void close() {
        pool.close();
    }
}
