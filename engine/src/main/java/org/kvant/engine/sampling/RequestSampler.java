package org.kvant.engine.sampling;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.grammar.GrammarException;
import org.kvant.grammar.GrammarState;
import org.kvant.llama.Context;
import org.kvant.llama.sampling.SamplerChain;

/** Chooses one request's tokens: llama.cpp's samplers, the grammar, and what must not come yet. Belongs to the decode thread. */
public final class RequestSampler implements TokenSampler {
    private final Context context;
    private final SamplerChain chain;
    private final @Nullable GrammarState grammar;
    private final int minTokens;
    /** Tokens that would end the text, if it has a least length. */
    private final int[] ends;
    /** Tokens that the samplers never choose, so that a grammar can't leave just those. */
    private final int[] never;

    /**
     * @param context of the batches whose logits are sampled from; only used by {@link #next}
     * @param prompt the tokens so far
     * @throws GrammarException if the grammar can't be followed from the beginning
     */
    public RequestSampler(ModelVocabulary vocabulary, Context context, GenerationRequest request, TokenList prompt)
            throws GrammarException {
        this.context = context;
        minTokens = request.minTokens();
        ends = minTokens == 0
                ? new int[0]
                : concat(
                        vocabulary.vocab().endTokens(),
                        request.stopTokens().stream().mapToInt(i -> i).toArray());
        never = request.ignoreEos()
                ? concat(vocabulary.suppressed(), vocabulary.vocab().endTokens())
                : vocabulary.suppressed();
        grammar = request.grammar() == null ? null : new GrammarState(request.grammar(), vocabulary.texts());
        chain = Samplers.create(vocabulary, request, prompt);
    }

    @Override
    public int next(int batchIndex, int sampled) throws GrammarException {
        if (sampled < minTokens) {
            context.forbid(batchIndex, ends);
        }
        if (grammar == null) {
            return chain.sample(context, batchIndex);
        }
        int token = chain.choose(context, batchIndex);
        if (!grammar.allows(token)) {
            BitSet allowed = (BitSet) grammar.allowed().clone();
            remove(allowed, never);
            if (sampled < minTokens) {
                remove(allowed, ends);
            }
            if (allowed.isEmpty()) {
                if (grammar.mayEnd()) {
                    return NOTHING;
                }
                throw new GrammarException("The grammar allows no token of this model's vocabulary here.");
            }
            context.allowOnly(batchIndex, allowed);
            token = chain.choose(context, batchIndex);
            if (!allowed.get(token)) {
                // Not a number is neither more nor less likely than anything.
                throw new GrammarException("The sampling options leave no token that the grammar allows: they make the"
                        + " probabilities of all others infinite or not numbers. Use less extreme values of temperature,"
                        + " dynatemp_range and dynatemp_exponent.");
            }
        }
        chain.accept(token);
        grammar.accept(token);
        return token;
    }

    /** Finds now what the grammar allows first, which may take a walk through the whole vocabulary. */
    void lookAhead() {
        if (grammar != null) {
            try {
                BitSet unused = grammar.allowed();
            } catch (GrammarException e) {
                // It comes again if it matters: the sampled token may be allowed all the same.
                return;
            }
        }
    }

    private static void remove(BitSet set, int[] tokens) {
        for (int token : tokens) {
            set.clear(token);
        }
    }

    private static int[] concat(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Override
    public void close() {
        chain.close();
    }
}
