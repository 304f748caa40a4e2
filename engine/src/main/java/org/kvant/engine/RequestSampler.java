package org.kvant.engine;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.kvant.grammar.GrammarException;
import org.kvant.grammar.GrammarState;
import org.kvant.llama.Context;
import org.kvant.llama.SamplerChain;

/** Chooses one request's tokens: llama.cpp's samplers, the grammar, and what must not come yet. Belongs to the decode thread. */
final class RequestSampler implements AutoCloseable {
    /** No token: the grammar allows nothing more. */
    static final int NOTHING = -1;

    private final SamplerChain chain;
    private final @Nullable GrammarState grammar;
    private final int minTokens;
    /** Tokens that would end the text, if it has a least length. */
    private final int[] ends;
    /** Tokens that the samplers never choose, so that a grammar can't leave just those. */
    private final int[] never;

    /** @throws GrammarException if the grammar can't be followed from the beginning */
    RequestSampler(LoadedModel loaded, GenerationRequest request, TokenList prompt) throws GrammarException {
        minTokens = request.minTokens();
        ends = minTokens == 0
                ? new int[0]
                : concat(
                        loaded.vocab.endTokens(),
                        request.stopTokens().stream().mapToInt(i -> i).toArray());
        never = request.ignoreEos()
                ? concat(loaded.suppressedTokens, loaded.vocab.endTokens())
                : loaded.suppressedTokens;
        grammar = request.grammar() == null ? null : new GrammarState(request.grammar(), loaded.tokenTexts());
        chain = Samplers.create(loaded, request, prompt);
    }

    /**
     * Chooses and accepts the token that follows one of the last batch.
     *
     * @param sampled tokens of the text so far
     * @return {@link #NOTHING} if the grammar is at its end
     * @throws GrammarException if the grammar allows no token of this vocabulary, or can't be followed any more
     */
    int next(Context context, int batchIndex, int sampled) throws GrammarException {
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
