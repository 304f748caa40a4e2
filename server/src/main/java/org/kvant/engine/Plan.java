package org.kvant.engine;

/** What one decode computes: for each request in it, how many of its next tokens. Reused from step to step by the decode thread. */
final class Plan {
    final ActiveRequest[] requests;
    final int[] counts;
    /** Index in the batch of each request's last own token. */
    final int[] lastIndex;
    /** Guessed tokens behind each request's own. */
    final int[] drafts;
    /** How many of each request's last tokens have logits. */
    final int[] outputs;

    int size;
    int tokens;
    int promptTokens;

    Plan(int sequences) {
        requests = new ActiveRequest[sequences];
        counts = new int[sequences];
        lastIndex = new int[sequences];
        drafts = new int[sequences];
        outputs = new int[sequences];
    }

    void clear() {
        size = 0;
        tokens = 0;
        promptTokens = 0;
    }

    void add(ActiveRequest request, int count) {
        requests[size] = request;
        counts[size] = count;
        drafts[size] = 0;
        outputs[size] = 0;
        size++;
        tokens += count;
        if (!request.streaming()) {
            promptTokens += count;
        }
    }

    /** Lets the decode check guessed tokens of the {@code index}th request too. */
    void speculate(int index, int count) {
        drafts[index] = count;
        tokens += count;
    }

    /** Takes all guesses out. */
    boolean dropDrafts() {
        boolean any = false;
        for (int i = 0; i < size; i++) {
            any |= drafts[i] > 0;
            tokens -= drafts[i];
            drafts[i] = 0;
        }
        return any;
    }
}
