package org.kvant.evaluate;

/** The reference's logits at some positions of a chunk, with what every candidate is compared to. Reused from tile to tile. */
final class ReferenceTile {
    final float[][] logits;
    private final float[] max;
    private final double[] logSumExp;
    private final int[] top;
    private final int vocabulary;

    ReferenceTile(int rows, int vocabulary) {
        this.logits = new float[rows][vocabulary];
        this.max = new float[rows];
        this.logSumExp = new double[rows];
        this.top = new int[rows];
        this.vocabulary = vocabulary;
    }

    /**
     * Prepares rows that have been filled.
     *
     * @param where what to call them in an error
     */
    void prepare(int rows, ScorePool pool, String where) throws EvaluateException {
        pool.forRows(rows, (row, scorer) -> {
            max[row] = finiteMax(logits[row], vocabulary, where);
            top[row] = RowScorer.indexOf(logits[row], vocabulary, max[row]);
            logSumExp[row] = scorer.logSumExp(logits[row], vocabulary, max[row]);
        });
    }

    /**
     * Compares a candidate's rows.
     *
     * @param targets the token that follows each row
     * @param scores gets the results from index {@code at} on
     */
    void score(float[][] candidate, int rows, int[] targets, TokenScores scores, int at, ScorePool pool, String where)
            throws EvaluateException {
        pool.forRows(rows, (row, scorer) -> {
            float[] mine = candidate[row];
            float myMax = finiteMax(mine, vocabulary, where);
            double myLse = scorer.logSumExp(mine, vocabulary, myMax);
            int target = targets[row];
            scores.logProbs()[at + row] = mine[target] - myLse;
            scores.referenceLogProbs()[at + row] = logits[row][target] - logSumExp[row];
            scores.sameTop()[at + row] = RowScorer.indexOf(mine, vocabulary, myMax) == top[row];
            scores.divergences()[at + row] =
                    scorer.divergence(logits[row], max[row], logSumExp[row], mine, myMax, myLse, vocabulary);
        });
    }

    private static float finiteMax(float[] row, int vocabulary, String where) throws EvaluateException {
        float max = RowScorer.max(row, vocabulary);
        if (!Float.isFinite(max)) {
            throw new EvaluateException(where + ": the largest logit is " + max
                    + ": the model is damaged or its numbers overflow; make the file again");
        }
        return max;
    }
}
