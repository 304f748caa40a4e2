package org.kvant.engine.speculation;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.io.IOException;
import java.util.Arrays;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.cost.PromptBudget;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.settings.DraftOptions;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.settings.EngineSetupException;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeException;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;

/**
 * A small model that guesses how texts go on (speculative decoding, <a href="https://arxiv.org/abs/2211.17192">Leviathan et al. 2023</a>): always its
 * most likely token. It has a context of its own with the served model's sequences, computes on its threads, and takes all sequences' guesses
 * together, one decode for each further token. Belongs to the decode thread.
 */
public final class DraftModel implements AutoCloseable {
    /** Larger decodes tell what prompts take, smaller ones what guesses take. */
    private static final int PROMPT = PromptBudget.MINIMUM;

    final DraftOptions options;
    /** What all requests have seen of its guesses. */
    final DraftPolicy history = DraftPolicy.general();

    private final Model model;
    private final Context context;
    private final Batch batch;
    private final DraftCells cells;
    private final PromptBudget budget;
    private final StepCosts costs = new StepCosts();
    private final float[] logits;
    /** Tokens that both models know. */
    private final int vocabulary;

    private final int longest;
    /** Bytes of its weights by those of the served model: what its decodes take until that is measured. */
    private final double relativeSize;

    private final int[] lastIndex;
    private boolean failed;

    private DraftModel(DraftOptions options, EngineOptions engine, Model model, Context context, Model served) {
        this.options = options;
        this.model = model;
        this.context = context;
        batch = new Batch(context.batchSize());
        cells = new DraftCells(context);
        budget = new PromptBudget(
                engine.promptBudget(), Math.max(1, engine.stepTarget().toNanos() / 2));
        vocabulary = Math.min(model.vocab().size(), served.vocab().size());
        logits = new float[model.vocab().size()];
        int train = model.trainContext();
        longest = train > 0 ? Math.min(train, context.sequenceLength()) : context.sequenceLength();
        relativeSize = (double) model.weightBytes() / Math.max(1, served.weightBytes());
        lastIndex = new int[context.maxSequences()];
    }

    /**
     * Loads it.
     *
     * @param host the served model's context, whose threads it computes on and which must outlive it
     * @throws EngineSetupException if it can't guess for that model
     * @throws IOException if the file can't be read or used
     */
    public static DraftModel load(DraftOptions options, EngineOptions engine, Context host) throws IOException {
        Model served = host.model();
        checkServed(served);
        Model model = Model.load(options.model(), engine.model());
        try {
            DraftVocabulary.check(served, model);
            Context context = model.newContext(
                    contextOptions(
                            host.contextSize(),
                            host.maxSequences(),
                            host.batchSize(),
                            host.ubatchSize(),
                            host.kvUnified()),
                    host);
            return new DraftModel(options, engine, model, context, served);
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * Says whether any model can guess for this one.
     *
     * @throws EngineSetupException if none can
     */
    public static void checkServed(Model served) throws EngineSetupException {
        if (served.recurrent() || served.slidingWindow() > 0) {
            throw new EngineSetupException(
                    EngineSetupException.Setting.DRAFT,
                    "a draft model can't guess for " + served.path()
                            + ": wrong guesses must be forgotten, and a model with a "
                            + (served.recurrent() ? "recurrent state" : "sliding window")
                            + " can't be set back");
        }
    }

    /** Its context beside one of the served model with these figures. */
    public static ContextOptions contextOptions(int cells, int sequences, int batch, int ubatch, boolean unified) {
        return ContextOptions.builder()
                .contextSize(cells)
                .maxSequences(sequences)
                .batchSize(batch)
                .ubatchSize(ubatch)
                .maxOutputs(sequences)
                .kvUnified(unified)
                .fullSwaCache(true)
                .build();
    }

    /** Makes its context another thread's; see {@link Context#handOver}. */
    public void handOver(Thread to) {
        context.handOver(to);
    }

    /** What it takes. */
    public ModelMemory memory() {
        return new ModelMemory(
                model.weightBytes(), context.kvBytesK(), context.kvBytesV(), context.computeBufferBytes());
    }

    /** Whether it can guess what follows these tokens, at least one. */
    boolean canFollow(TokenList tokens) {
        return !failed && tokens.size() < longest;
    }

    /** Tokens that it would have to compute for its first guess. */
    int missing(SpeculativeRequest request) {
        int sequence = request.sequence();
        return request.tokens().size() - cells.common(sequence, request);
    }

    /**
     * What a guess of one token takes for each of so many sequences at once.
     *
     * @param served what the served model's decodes take
     */
    double nanosPerGuess(int sequences, StepCosts served) {
        double all = costs.measured() ? costs.nanos(sequences) : relativeSize * served.nanos(sequences);
        return all / sequences;
    }

    /** What a token of a prompt takes. */
    double nanosPerPromptToken(StepCosts served) {
        double measured = budget.nanosPerToken();
        return measured > 0 ? measured : relativeSize * served.nanos(1) / 4;
    }

    /**
     * Guesses for requests, into each one's {@link Drafting#proposed}.
     *
     * @param wants how many tokens for each of them; replaced by how many there are. A request whose text is still being caught up with gets none.
     */
    void guess(SpeculativeRequest[] requests, int size, int[] wants) {
        try {
            if (catchUp(requests, size, wants)) {
                goOn(requests, size, wants);
                return;
            }
        } catch (DecodeException e) {
            LOG.error("The draft model failed; going on without it", e);
            failed = true;
        }
        // What is left in its memory isn't known.
        context.memory().clear(false);
        cells.clear();
        Arrays.fill(wants, 0, size, 0);
    }

    private boolean catchUp(SpeculativeRequest[] requests, int size, int[] wants) {
        batch.clear();
        int room = Math.max(0, Math.min(batch.capacity() - size, budget.tokens(1, 1, context.batchSize())));
        for (int i = 0; i < size; i++) {
            if (wants[i] == 0) {
                continue;
            }
            SpeculativeRequest request = requests[i];
            int sequence = request.sequence();
            int from = cells.prepare(sequence, request);
            int length = request.tokens().size();
            int end = Math.min(length, from + 1 + room);
            room -= end - from - 1;
            for (int position = from; position < end; position++) {
                int token = request.tokens().get(position);
                if (token >= vocabulary) {
                    end = position;
                    break;
                }
                lastIndex[i] = batch.add(token, position, sequence, position == length - 1);
                cells.add(sequence, token);
            }
            if (end < length) {
                wants[i] = 0;
            }
        }
        return batch.isEmpty() || decode();
    }

    private void goOn(SpeculativeRequest[] requests, int size, int[] wants) {
        int[] counts = new int[size];
        boolean more = true;
        while (more) {
            batch.clear();
            for (int i = 0; i < size; i++) {
                if (counts[i] == wants[i]) {
                    continue;
                }
                SpeculativeRequest request = requests[i];
                int token = likeliest(lastIndex[i]);
                if (token >= vocabulary) {
                    wants[i] = counts[i];
                    continue;
                }
                request.drafting().proposed[counts[i]++] = token;
                int position = request.tokens().size() + counts[i] - 1;
                if (position + 1 >= longest || model.vocab().isEog(token)) {
                    wants[i] = counts[i];
                }
                if (counts[i] < wants[i]) {
                    int sequence = request.sequence();
                    lastIndex[i] = batch.add(token, position, sequence, true);
                    cells.add(sequence, token);
                }
            }
            more = !batch.isEmpty();
            if (more && !decode()) {
                // The guesses so far are good; the memory is as it was before this decode, which cells is not.
                System.arraycopy(counts, 0, wants, 0, size);
                context.memory().clear(false);
                cells.clear();
                more = false;
            }
        }
    }

    /** False if it ran out of cells or was told to stop. */
    private boolean decode() {
        long begin = System.nanoTime();
        if (!(context.decode(batch) instanceof DecodeResult.Ok)) {
            return false;
        }
        long nanos = System.nanoTime() - begin;
        budget.measured(batch.size(), nanos);
        if (batch.size() < PROMPT) {
            costs.measured(batch.size(), nanos);
        }
        return true;
    }

    private int likeliest(int index) {
        context.logits(index, logits);
        int best = 0;
        for (int token = 1; token < logits.length; token++) {
            if (logits[token] > logits[best]) {
                best = token;
            }
        }
        return best;
    }

    @Override
    public void close() {
        context.close();
        model.close();
    }
}
