package org.kvant.engine.sampling;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kvant.grammar.GrammarException;

/** A request's sampler, made when the request begins or, where that takes long, beside the decode thread before. Belongs to the decode thread. */
public final class PendingSampler {
    /** Makes a sampler. */
    @FunctionalInterface
    public interface Maker {
        TokenSampler make() throws GrammarException;
    }

    private @Nullable CompletableFuture<TokenSampler> preparation;
    private @Nullable TokenSampler sampler;

    /** @param prepared where it is made beside the decode thread; null for when the request begins */
    public PendingSampler(@Nullable CompletableFuture<TokenSampler> prepared) {
        preparation = prepared;
    }

    /** Whether the request may begin. */
    public boolean ready() {
        return preparation == null || preparation.isDone();
    }

    /**
     * Takes the prepared sampler, or makes one.
     *
     * @throws GrammarException if the grammar can't be followed from the beginning
     */
    public void begin(Maker maker) throws GrammarException {
        CompletableFuture<TokenSampler> prepared = preparation;
        preparation = null;
        if (prepared == null) {
            sampler = maker.make();
            return;
        }
        try {
            sampler = prepared.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case GrammarException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /** The sampler of a request that has begun. */
    public TokenSampler get() {
        return Objects.requireNonNull(sampler);
    }

    /** Whether there is anything to free. */
    public boolean holdsSampler() {
        return sampler != null || preparation != null;
    }

    /** Frees it, and what may still be made for a request that ends before it began. */
    public void close() {
        TokenSampler made = sampler;
        sampler = null;
        CompletableFuture<TokenSampler> prepared = preparation;
        preparation = null;
        if (prepared != null) {
            var unused = prepared.thenAccept(TokenSampler::close);
        }
        if (made != null) {
            made.close();
        }
    }
}
