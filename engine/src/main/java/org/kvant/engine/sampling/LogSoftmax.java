package org.kvant.engine.sampling;

import org.kvant.engine.request.TokenLogprob;

/** Log probabilities from one token's logits. Reused from token to token by the decode thread. */
public final class LogSoftmax {
    private final float[] logits;
    private double normalizer;

    public LogSoftmax(int vocabulary) {
        logits = new float[vocabulary];
    }

    /** Copies the logits of one token of a batch. */
    @FunctionalInterface
    public interface Logits {
        void copy(int batchIndex, float[] into);
    }

    /** Takes the logits of one token of the last batch, which nobody may have changed yet. */
    public void load(Logits source, int batchIndex) {
        source.copy(batchIndex, logits);
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        normalizer = max + Math.log(sum);
    }

    /** @param alternatives how many of the most likely tokens to name */
    public TokenLogprob of(int token, int alternatives) {
        int[] top = new int[Math.min(alternatives, logits.length)];
        int found = 0;
        for (int i = 0; i < logits.length && top.length > 0; i++) {
            if (found == top.length && logits[i] <= logits[top[found - 1]]) {
                continue;
            }
            int at = found < top.length ? found++ : found - 1;
            while (at > 0 && logits[i] > logits[top[at - 1]]) {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = i;
        }
        float[] topLogprobs = new float[top.length];
        for (int i = 0; i < top.length; i++) {
            topLogprobs[i] = logprob(top[i]);
        }
        return new TokenLogprob(token, logprob(token), top, topLogprobs);
    }

    private float logprob(int token) {
        return (float) (logits[token] - normalizer);
    }
}
