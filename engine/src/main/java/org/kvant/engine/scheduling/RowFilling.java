package org.kvant.engine.scheduling;

import java.util.Objects;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cost.SequenceRuns;
import org.kvant.engine.cost.StepCosts;

/**
 * Rounds the rows of a decode up to a multiple of four where that makes it faster: ggml's repacked CPU kernels multiply four rows at a time and those left over
 * one by one ({@code forward_mul_mat_one_chunk} in ggml-cpu/repack.cpp), so that fifteen streams take longer than sixteen. Whether it pays on this machine,
 * with these weights, {@link StepCosts} knows by measurement. The rows that are added go behind a request's own or into idle sequences; their cells are taken
 * back after the decode, and as positions behind all others they change no result meanwhile. Prompts that wait for their turn get a row instead, where there
 * are some. Belongs to the decode thread.
 *
 * <p>Where sequences have buffers of their own, llama.cpp computes a token of each first and then what some have more than others: each of these passes is
 * rounded.
 */
final class RowFilling {
    private static final int ROWS = StepCosts.ROWS;
    /** Prompts that differ by fewer rows are made equally long: a further pass over the weights costs more. */
    private static final int NEARLY_EQUAL = 12;
    /** llama.cpp attends to whole multiples of so many cells, the same number for all sequences. */
    private static final int CELL_STEP = 256;

    private final StepCosts costs;
    private final boolean sharedCells;
    private final int batchSize;
    private final int maxOutputs;
    private final int sequenceLength;
    private final SequenceRuns runs;

    /** @param sharedCells whether all sequences are in one buffer */
    RowFilling(DecodeTarget context, StepCosts costs, boolean sharedCells) {
        this.costs = costs;
        this.sharedCells = sharedCells;
        batchSize = context.batchSize();
        maxOutputs = context.maxOutputs();
        sequenceLength = context.sequenceLength();
        runs = new SequenceRuns(context.maxSequences());
    }

    /** @param slots all sequences in order of their numbers */
    void fill(Plan plan, Slot[] slots) {
        if (plan.size == 0) {
            return;
        }
        if (sharedCells || plan.size == 1) {
            fillBehind(plan);
        } else {
            fillBeside(plan, slots);
            fillPrompts(plan);
        }
        fillOutputs(plan);
    }

    /** All rows are computed in one pass, so it doesn't matter whose the added ones are. */
    private void fillBehind(Plan plan) {
        int last = plan.size - 1;
        if (partial(plan, last) && plan.counts[last] >= 2 * ROWS) {
            plan.shorten(last, plan.tokens % ROWS);
        } else {
            fillBehind(plan, last, rounded(plan.tokens) - plan.tokens);
        }
    }

    private void fillBehind(Plan plan, int index, int rows) {
        Slot slot = Objects.requireNonNull(plan.requests[index].slot);
        int end = slot.cells + plan.counts[index] + plan.drafts[index] + plan.fillers[index];
        if (plan.tokens + plan.fillerRows + rows <= batchSize && end + rows <= sequenceLength) {
            plan.fill(index, rows);
        }
    }

    /** The first pass: a token of each sequence. */
    private void fillBeside(Plan plan, Slot[] slots) {
        int longest = 0;
        for (Slot slot : slots) {
            runs.set(slot.sequence, false, false);
        }
        for (int i = 0; i < plan.size; i++) {
            Slot slot = Objects.requireNonNull(plan.requests[i].slot);
            runs.set(slot.sequence, true, false);
            longest = Math.max(longest, slot.cells + plan.counts[i]);
        }
        int cells = Math.min(sequenceLength, (longest + CELL_STEP - 1) / CELL_STEP * CELL_STEP);
        for (Slot slot : slots) {
            boolean usable = slot.idle() || aside(slot) || waits(slot);
            runs.set(slot.sequence, runs.taken(slot.sequence), slot.cells < cells && usable);
        }
        runs.join(costs);
        runs.lengthen(this::rounded);
        int entry = 0;
        for (Slot slot : slots) {
            if (entry < plan.size && plan.requests[entry].slot == slot) {
                entry++;
            } else if (runs.taken(slot.sequence) && plan.tokens + plan.fillerRows < batchSize) {
                ActiveRequest owner = ActiveRequest.in(slot);
                if (owner == null || aside(slot)) {
                    plan.fill(slot);
                } else {
                    plan.insert(entry, owner, 1);
                    entry++;
                }
            }
        }
    }

    /** Whether its prompt is computed elsewhere, so that its place here is as good as nobody's. */
    private static boolean aside(Slot slot) {
        ActiveRequest owner = ActiveRequest.in(slot);
        return owner != null && owner.scratch().wanted;
    }

    /** Whether it has a prompt of which this decode computes nothing. */
    private static boolean waits(Slot slot) {
        ActiveRequest owner = ActiveRequest.in(slot);
        return owner != null
                && !owner.paused()
                && !owner.streaming()
                && !owner.needsPromptLogprobs()
                && slot.cells < slot.forkAt;
    }

    /** The passes after the first: what is left of prompts, of neighbours together as far as they are equally long. */
    private void fillPrompts(Plan plan) {
        int longest = 0;
        for (int i = 0; i < plan.size; i++) {
            int rows = plan.counts[i] - 1;
            if (rows < 2) {
                continue;
            }
            if (partial(plan, i) && rows >= 2 * ROWS) {
                plan.shorten(i, rows % ROWS);
            } else {
                fillBehind(plan, i, rounded(rows) - rows);
            }
        }
        for (int i = 0; i < plan.size; i++) {
            longest = follows(plan, i) ? Math.max(longest, rows(plan, i)) : rows(plan, i);
            boolean groupEnds = i + 1 == plan.size || !follows(plan, i + 1);
            for (int j = i; groupEnds && rows(plan, j) > 1; j--) {
                int missing = longest - rows(plan, j);
                if (missing < NEARLY_EQUAL && rows(plan, j) > NEARLY_EQUAL && !partial(plan, j)) {
                    fillBehind(plan, j, missing);
                }
                if (!follows(plan, j)) {
                    break;
                }
            }
        }
    }

    private static int rows(Plan plan, int index) {
        return plan.counts[index] + plan.fillers[index];
    }

    /** Whether llama.cpp computes what is left of a prompt together with that of the one before. */
    private static boolean follows(Plan plan, int index) {
        return index > 0
                && plan.counts[index - 1] > 1
                && Objects.requireNonNull(plan.requests[index - 1].slot).sequence + 1
                        == Objects.requireNonNull(plan.requests[index].slot).sequence;
    }

    /** The head multiplies rows with logits only: those of the first pass are as many as the others, if there is room for so many logits. */
    private void fillOutputs(Plan plan) {
        int outputs = 0;
        int candidates = plan.idleCount;
        int streams = 0;
        for (int i = 0; i < plan.size; i++) {
            boolean complete = !partial(plan, i);
            int own = plan.requests[i].needsPromptLogprobs() ? plan.counts[i] : complete ? 1 : 0;
            outputs += own + plan.drafts[i];
            streams += plan.counts[i] == 1 ? own + plan.drafts[i] : 0;
            candidates += plan.fillers[i] + (plan.counts[i] > own ? 1 : 0);
        }
        int wanted = streams < 2 ? 0 : rounded(streams) - streams;
        if (wanted <= candidates && outputs + wanted <= maxOutputs) {
            plan.extraOutputs = wanted;
        }
    }

    /** Whether some of the request's prompt is left for later decodes. */
    private static boolean partial(Plan plan, int index) {
        return plan.counts[index] < plan.requests[index].pending();
    }

    private int rounded(int rows) {
        int up = (rows + ROWS - 1) / ROWS * ROWS;
        if (up == rows || rows < 2) {
            return rows;
        }
        return costs.fillingPays(rows, up, ROWS) ? up : rows;
    }
}
