package org.kvant.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextException;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;

/**
 * Multiple choice as {@code hellaswag_score} in {@code perplexity.cpp}: context, a space and each ending are tokenized together; what all
 * share is computed once, each ending is a sequence of its own. One question a batch.
 */
public final class ChoiceRunner {
    private static final int LARGEST = 1 << 16;

    private final Path file;
    private final Context context;
    private final int vocabulary;
    private final RowScorer scorer = new RowScorer();
    private final float[] logits;

    private ChoiceRunner(Path file, Context context) {
        this.file = file;
        this.context = context;
        this.vocabulary = context.model().vocab().size();
        this.logits = new float[vocabulary];
    }

    /**
     * Runs a model over all questions.
     *
     * @param progress told of questions answered instead of bytes
     * @throws EvaluateException if a question has no tokens of its own in some ending, or the model cannot be run
     */
    public static ChoiceScore run(Path file, List<ChoiceTask> tasks, KvTypes kv, int threads, ProgressListener progress)
            throws IOException {
        try (Model model = Model.load(file)) {
            List<Sequences> sequences = tasks.stream()
                    .map(task -> Sequences.of(task, model.vocab()))
                    .toList();
            try (Context context = context(file, model, sequences, kv, threads)) {
                return new ChoiceRunner(file, context).score(tasks, sequences, progress);
            }
        }
    }

    /** The tokens of a question's endings, each with the context before it. */
    private record Sequences(int[][] tokens, int shared) {
        static Sequences of(ChoiceTask task, Vocab vocab) {
            int[][] tokens = task.endings().stream()
                    .map(ending -> vocab.tokenize(task.context() + " " + ending, true, false))
                    .toArray(int[][]::new);
            int shared = tokens[0].length;
            for (int[] other : tokens) {
                int mismatch = Arrays.mismatch(tokens[0], other);
                shared = Math.min(shared, mismatch < 0 ? other.length : mismatch);
            }
            return new Sequences(tokens, shared);
        }

        int required() {
            return shared
                    + Arrays.stream(tokens).mapToInt(t -> t.length - shared).sum();
        }

        int outputs() {
            return 1
                    + Arrays.stream(tokens)
                            .mapToInt(t -> Math.max(0, t.length - shared - 1))
                            .sum();
        }
    }

    private static Context context(Path file, Model model, List<Sequences> sequences, KvTypes kv, int threads)
            throws EvaluateException {
        int endings = sequences.stream().mapToInt(s -> s.tokens().length).max().orElseThrow();
        int largest = sequences.stream().mapToInt(Sequences::required).max().orElseThrow();
        int outputs = sequences.stream().mapToInt(Sequences::outputs).max().orElseThrow();
        if (largest > LARGEST) {
            throw new EvaluateException("a question has " + largest + " tokens; the most are " + LARGEST);
        }
        int batch = Math.max(largest, endings);
        try {
            return model.newContext(ContextOptions.builder()
                    .contextSize(batch)
                    .batchSize(batch)
                    .ubatchSize(Math.max(endings, Math.min(512, batch)))
                    .maxSequences(endings)
                    .maxOutputs(Math.max(outputs, endings))
                    .kvUnified(true)
                    .threads(threads)
                    .cacheTypeK(kv.k())
                    .cacheTypeV(kv.v())
                    .build());
        } catch (ContextException | IllegalArgumentException e) {
            throw new EvaluateException(file + ": " + e.getMessage(), e);
        }
    }

    private ChoiceScore score(List<ChoiceTask> tasks, List<Sequences> sequences, ProgressListener progress)
            throws IOException {
        int bySum = 0;
        int byMean = 0;
        for (int i = 0; i < tasks.size(); i++) {
            Sequences task = sequences.get(i);
            if (task.shared() == 0 || Arrays.stream(task.tokens()).anyMatch(tokens -> tokens.length == task.shared())) {
                throw new EvaluateException("question " + (i + 1) + " ('"
                        + tasks.get(i).context() + "'): an ending is empty or the beginning of another");
            }
            double[] sums = logProbs(task, i);
            double[] means = new double[sums.length];
            for (int ending = 0; ending < sums.length; ending++) {
                means[ending] = sums[ending] / (task.tokens()[ending].length - task.shared());
            }
            bySum += largest(sums) == tasks.get(i).label() ? 1 : 0;
            byMean += largest(means) == tasks.get(i).label() ? 1 : 0;
            progress.step(String.valueOf(file.getFileName()), i + 1L, tasks.size());
        }
        return new ChoiceScore(tasks.size(), Estimate.share(bySum, tasks.size()), Estimate.share(byMean, tasks.size()));
    }

    /** ln of the probability of each ending's tokens behind the shared ones. */
    private double[] logProbs(Sequences task, int number) throws IOException {
        int endings = task.tokens().length;
        Batch batch = new Batch(task.required(), endings);
        int[] all = new int[endings];
        Arrays.setAll(all, i -> i);
        int last = -1;
        for (int i = 0; i < task.shared(); i++) {
            last = batch.add(task.tokens()[0][i], i, all, i == task.shared() - 1);
        }
        int[] first = new int[endings];
        for (int ending = 0; ending < endings; ending++) {
            int[] tokens = task.tokens()[ending];
            first[ending] = batch.size();
            for (int i = task.shared(); i < tokens.length; i++) {
                int unused = batch.add(tokens[i], i, ending, i < tokens.length - 1);
            }
        }
        context.memory().clear(false);
        DecodeResult result = context.decode(batch);
        if (!(result instanceof DecodeResult.Ok)) {
            throw new EvaluateException(file + ": question " + (number + 1) + " was not computed (" + result + ")");
        }
        double[] sums = new double[endings];
        double normalizer = load(last, number);
        for (int ending = 0; ending < endings; ending++) {
            sums[ending] = logits[task.tokens()[ending][task.shared()]] - normalizer;
        }
        for (int ending = 0; ending < endings; ending++) {
            int[] tokens = task.tokens()[ending];
            for (int i = task.shared(); i < tokens.length - 1; i++) {
                double row = load(first[ending] + i - task.shared(), number);
                sums[ending] += logits[tokens[i + 1]] - row;
            }
        }
        return sums;
    }

    /** Fetches a row of logits and gives its ln Σ e^logit. */
    private double load(int batchIndex, int number) throws EvaluateException {
        context.logits(batchIndex, logits);
        float max = RowScorer.max(logits, vocabulary);
        if (!Float.isFinite(max)) {
            throw new EvaluateException(file + ", question " + (number + 1) + ": the largest logit is " + max
                    + ": the model is damaged or its numbers overflow");
        }
        return scorer.logSumExp(logits, vocabulary, max);
    }

    private static int largest(double[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
