package org.kvant.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.SamplerChain;

/** An admitted request with its progress. The decode thread owns it, except for the volatile flags that others set through {@link Generation}. */
final class ActiveRequest implements Generation {
    final GenerationRequest request;
    final TokenSink sink;
    final long submitNanos = System.nanoTime();
    final TextAssembler text;
    final int promptTokens;
    /** Prompt and sampled tokens; those not yet in the sequence's cells have still to be computed. */
    final TokenList tokens;
    /** Most tokens to sample, the end of the context included. */
    final int limit;

    private final Runnable wake;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable String cancelReason;
    private volatile boolean paused;
    private volatile long pausedSince;

    @Nullable
    Slot slot;

    @Nullable
    SamplerChain sampler;

    int cachedTokens;
    int sampled;
    boolean started;
    long startNanos;
    long prefillNanos;
    long firstTokenNanos;
    long lastTokenNanos;

    /**
     * @param sequenceContext tokens that a sequence can hold
     * @param wake tells the decode thread that a flag changed
     */
    ActiveRequest(GenerationRequest request, TokenSink sink, int sequenceContext, Runnable wake) {
        this.request = request;
        this.sink = sink;
        this.wake = wake;
        text = new TextAssembler(request.stop());
        promptTokens = request.tokens().length;
        int room = sequenceContext - promptTokens;
        limit = request.maxTokens() == GenerationRequest.UNLIMITED ? room : Math.min(room, request.maxTokens());
        tokens = new TokenList(request.tokens(), Math.min(limit, 256));
    }

    @Override
    public String id() {
        return request.id();
    }

    @Override
    public void cancel() {
        cancel("The request was cancelled.");
    }

    @Override
    public void cancel(String reason) {
        if (cancelReason == null) {
            cancelReason = reason;
            wake.run();
        }
    }

    @Override
    public void pause() {
        if (!paused) {
            pausedSince = System.nanoTime();
            paused = true;
        }
    }

    @Override
    public void resume() {
        if (paused) {
            paused = false;
            wake.run();
        }
    }

    @Override
    public boolean finished() {
        return ended.get();
    }

    @Nullable
    String cancelReason() {
        return cancelReason;
    }

    boolean paused() {
        return paused;
    }

    /** Nanoseconds that it has been paused; 0 if it isn't. */
    long pausedNanos(long now) {
        return paused ? Math.max(0, now - pausedSince) : 0;
    }

    /** Tokens still to be computed before the next one can be sampled. */
    int pending() {
        Slot s = slot;
        return s == null ? tokens.size() : tokens.size() - s.cells;
    }

    /** Whether the next decode only carries on a stream, rather than working on a prompt. */
    boolean streaming() {
        return sampled > 0 && pending() == 1;
    }

    /** True for the first caller only, who then has to tell the sink. */
    boolean end() {
        return ended.compareAndSet(false, true);
    }

    Usage usage() {
        return new Usage(promptTokens, cachedTokens, sampled);
    }

    Timings timings(long now) {
        return new Timings(
                started ? startNanos - submitNanos : now - submitNanos,
                prefillNanos,
                firstTokenNanos == 0 ? 0 : now - firstTokenNanos,
                now - submitNanos);
    }
}
