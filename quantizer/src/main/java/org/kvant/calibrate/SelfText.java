package org.kvant.calibrate;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;

/**
 * Lets the model write its calibration text (LLM-QAT, Liu et al. 2023): drawn from its own distribution, temperature 1, nothing cut off. Half of the
 * texts begin as the model likes, half with a token of a spread over the vocabulary, since a model left alone tells few kinds of stories. A text
 * that ends makes room for another one in the same chunk.
 */
final class SelfText {
    /** Chunks written at once: reading the weights for one token or for sixteen takes about the same time. */
    static final int WAVE = 16;

    private final Model model;
    private final Vocab vocab;
    private final int size;
    private final long seed;
    private final int threads;
    private final int[] starts;
    private final int[] suppressed;

    /** Told after each step how many tokens the wave has; says whether to go on. */
    @FunctionalInterface
    interface Step {
        boolean written(int tokensOfWave);
    }

    SelfText(Model model, int size, long seed, int threads) {
        this.model = model;
        this.vocab = model.vocab();
        this.size = size;
        this.seed = seed;
        this.threads = threads;
        this.starts = starts(vocab);
        this.suppressed = vocab.suppressedTokens();
    }

    /** Tokens that a text may begin with: letters at their front, with or without a space. */
    private static int[] starts(Vocab vocab) {
        List<Integer> found = new ArrayList<>();
        for (int token = 0; token < vocab.size(); token++) {
            if (!vocab.isControl(token) && !vocab.isEog(token)) {
                String text = new String(vocab.piece(token, false), StandardCharsets.UTF_8).stripLeading();
                if (!text.isEmpty() && Character.isLetter(text.codePointAt(0)) && text.indexOf('\uFFFD') < 0) {
                    found.add(token);
                }
            }
        }
        if (found.isEmpty()) {
            throw new CalibrationFailure("the model's vocabulary has no word to begin a text with; use --text instead");
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    /** One chunk while it is written. */
    private static final class Slot {
        final int[] tokens;
        final SplittableRandom random;
        final int index;
        int filled;
        int position;
        int next;
        boolean inChunk;

        Slot(int index, int size, long seed) {
            this.index = index;
            this.tokens = new int[size];
            this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
        }

        /** Whether its texts begin with a token of the spread. */
        boolean spread() {
            return index % 2 == 1;
        }
    }

    /**
     * Writes chunks {@code first} to {@code first + count - 1}. The same text whatever was written before.
     *
     * @return the chunks, or none if the step said to stop
     */
    int[][] write(int first, int count, Step step) {
        ContextOptions options = ContextOptions.builder()
                .contextSize(Math.multiplyExact(count, Math.ceilDiv(size + 1, 256) * 256))
                .batchSize(Math.max(count, 32))
                .ubatchSize(Math.max(count, 32))
                .maxSequences(count)
                .maxOutputs(count)
                .threads(threads)
                .build();
        Slot[] slots = new Slot[count];
        try (Context context = model.newContext(options)) {
            for (int i = 0; i < count; i++) {
                slots[i] = new Slot(first + i, size, seed);
                begin(slots[i]);
            }
            float[] logits = new float[vocab.size()];
            double[] odds = new double[vocab.size()];
            Batch batch = new Batch(count);
            while (fill(slots, batch)) {
                decode(context, batch);
                for (int row = 0; row < batch.size(); row++) {
                    Slot slot = slots[batch.sequence(row)];
                    context.logits(row, logits);
                    accept(slot, draw(logits, odds, slot.random), context, batch.sequence(row));
                }
                if (!step.written(Arrays.stream(slots).mapToInt(s -> s.filled).sum())) {
                    return new int[0][];
                }
            }
        }
        return Arrays.stream(slots).map(s -> s.tokens).toArray(int[][]::new);
    }

    /** Starts a text: what is computed next, and whether it is part of the chunk. */
    private void begin(Slot slot) {
        boolean free = vocab.bos() >= 0 && !slot.spread();
        slot.position = 0;
        slot.next = vocab.addsBos() || free ? vocab.bos() : anyStart(slot);
        // The token that begins texts stands at the front of a chunk only, as where text is cut into chunks.
        boolean opening = slot.next == vocab.bos();
        slot.inChunk = !opening || vocab.addsBos() && slot.filled == 0;
    }

    /** Puts every unfinished chunk's next token into the batch; false if all are finished. */
    private static boolean fill(Slot[] slots, Batch batch) {
        batch.clear();
        for (int i = 0; i < slots.length; i++) {
            Slot slot = slots[i];
            if (slot.inChunk && slot.filled < slot.tokens.length) {
                slot.tokens[slot.filled++] = slot.next;
            }
            if (slot.filled < slot.tokens.length) {
                batch.add(slot.next, slot.position++, i, true);
            }
        }
        return !batch.isEmpty();
    }

    private void accept(Slot slot, int drawn, Context context, int sequence) {
        boolean opened = slot.position == 1 && slot.next == vocab.bos();
        // A text that ends where it begins would be begun for ever.
        int token = opened && (slot.spread() || ends(drawn)) ? anyStart(slot) : drawn;
        if (ends(token)) {
            context.memory().remove(sequence);
            begin(slot);
            return;
        }
        slot.next = token;
        slot.inChunk = true;
    }

    /** Another text's beginning ends this one too. */
    private boolean ends(int token) {
        return vocab.isEog(token) || token == vocab.bos();
    }

    private int anyStart(Slot slot) {
        return starts[slot.random.nextInt(starts.length)];
    }

    private static void decode(Context context, Batch batch) {
        DecodeResult result = context.decode(batch);
        if (!(result instanceof DecodeResult.Ok)) {
            throw new CalibrationFailure("the model could not go on writing: " + result);
        }
    }

    /** Draws from the softmax, in double precision and in the order of the vocabulary. */
    private int draw(float[] logits, double[] odds, SplittableRandom random) {
        for (int token : suppressed) {
            logits[token] = Float.NEGATIVE_INFINITY;
        }
        float most = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        double sum = 0;
        for (int i = 0; i < odds.length; i++) {
            odds[i] = Math.exp(logits[i] - most);
            sum += odds[i];
        }
        if (!(sum > 0) || Double.isInfinite(sum)) {
            throw new CalibrationFailure("the model's logits are not finite: its file is damaged");
        }
        double left = random.nextDouble() * sum;
        int last = 0;
        for (int i = 0; i < odds.length; i++) {
            if (odds[i] > 0) {
                last = i;
                left -= odds[i];
                if (left < 0) {
                    return i;
                }
            }
        }
        return last;
    }
}
