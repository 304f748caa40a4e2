package org.kvant.evaluate;

/**
 * What one candidate made of every scored token, chunk after chunk. Natural logarithms.
 *
 * @param perChunk scored tokens of a chunk
 * @param logProbs ln q of the token that follows
 * @param referenceLogProbs ln p of the token that follows
 * @param divergences KL(reference ‖ candidate) of the whole distribution
 * @param sameTop whether reference and candidate hold the same token for the most probable
 */
public record TokenScores(
        int perChunk, double[] logProbs, double[] referenceLogProbs, double[] divergences, boolean[] sameTop) {

    static TokenScores allocate(int chunks, int perChunk) {
        int count = Math.multiplyExact(chunks, perChunk);
        return new TokenScores(perChunk, new double[count], new double[count], new double[count], new boolean[count]);
    }

    /** Scored tokens. */
    public int count() {
        return divergences.length;
    }

    public int chunks() {
        return count() / perChunk;
    }

    /** Mean KLD of one chunk, in nats. */
    public double chunkDivergence(int chunk) {
        double sum = 0;
        for (int i = chunk * perChunk; i < (chunk + 1) * perChunk; i++) {
            sum += divergences[i];
        }
        return sum / perChunk;
    }

    /** Mean KLD of all tokens, in nats. */
    public double meanDivergence() {
        double sum = 0;
        for (double divergence : divergences) {
            sum += divergence;
        }
        return sum / count();
    }

    /** The scores of the chunks of one text. */
    TokenScores ofChunks(int[] chunks) {
        TokenScores part = allocate(chunks.length, perChunk);
        for (int i = 0; i < chunks.length; i++) {
            int from = chunks[i] * perChunk;
            int to = i * perChunk;
            System.arraycopy(logProbs, from, part.logProbs, to, perChunk);
            System.arraycopy(referenceLogProbs, from, part.referenceLogProbs, to, perChunk);
            System.arraycopy(divergences, from, part.divergences, to, perChunk);
            System.arraycopy(sameTop, from, part.sameTop, to, perChunk);
        }
        return part;
    }
}
