package org.kvant.engine.scheduling;

import java.util.Arrays;
import java.util.Objects;
import org.kvant.engine.cells.Slot;

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
    /** Rows behind each request's tokens and guesses whose results nobody wants; see {@link RowFilling}. */
    final int[] fillers;
    /** Sequences of nobody that have a row in this decode, in order of their numbers. */
    final Slot[] idle;

    int size;
    int tokens;
    int promptTokens;
    int idleCount;
    /** Rows that nobody wants, in all. */
    int fillerRows;
    /** Further rows whose logits are computed, only to fill the head's rows as well. */
    int extraOutputs;

    Plan(int sequences) {
        requests = new ActiveRequest[sequences];
        counts = new int[sequences];
        lastIndex = new int[sequences];
        drafts = new int[sequences];
        outputs = new int[sequences];
        fillers = new int[sequences];
        idle = new Slot[sequences];
    }

    void clear() {
        size = 0;
        tokens = 0;
        promptTokens = 0;
        idleCount = 0;
        fillerRows = 0;
        extraOutputs = 0;
    }

    void add(ActiveRequest request, int count) {
        requests[size] = request;
        counts[size] = count;
        drafts[size] = 0;
        outputs[size] = 0;
        fillers[size] = 0;
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

    /** Computes {@code count} fewer tokens of the {@code index}th request's prompt. */
    void shorten(int index, int count) {
        counts[index] -= count;
        tokens -= count;
        promptTokens -= count;
    }

    /** As {@link #add}, in order of the sequences' numbers. */
    void insert(ActiveRequest request, int count) {
        int index = 0;
        while (index < size && sequence(requests[index]) < sequence(request)) {
            index++;
        }
        insert(index, request, count);
    }

    private static int sequence(ActiveRequest request) {
        return Objects.requireNonNull(request.slot).sequence;
    }

    /** As {@link #add}, before the {@code index}th. */
    void insert(int index, ActiveRequest request, int count) {
        add(request, count);
        for (int i = size - 1; i > index; i--) {
            requests[i] = requests[i - 1];
            counts[i] = counts[i - 1];
            drafts[i] = drafts[i - 1];
            outputs[i] = outputs[i - 1];
            fillers[i] = fillers[i - 1];
        }
        requests[index] = request;
        counts[index] = count;
        drafts[index] = 0;
        outputs[index] = 0;
        fillers[index] = 0;
    }

    /** Has rows behind the {@code index}th request's tokens. */
    void fill(int index, int rows) {
        fillers[index] += rows;
        fillerRows += rows;
    }

    /** Has a row in a sequence of nobody; in order of their numbers. */
    void fill(Slot slot) {
        idle[idleCount++] = slot;
        fillerRows++;
    }

    /** Takes all rows out that nobody wants. */
    boolean dropFillers() {
        boolean any = fillerRows > 0;
        Arrays.fill(fillers, 0, size, 0);
        idleCount = 0;
        fillerRows = 0;
        extraOutputs = 0;
        return any;
    }

    boolean guesses() {
        for (int i = 0; i < size; i++) {
            if (drafts[i] > 0) {
                return true;
            }
        }
        return false;
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
