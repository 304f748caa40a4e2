package org.kvant.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kvant.promptstore.LoadedPrompt;

/** An admitted request with its progress. The decode thread owns it, except for the volatile flags that others set through {@link Generation}. */
final class ActiveRequest implements Generation {
    final GenerationRequest request;
    final TokenSink sink;
    final long submitNanos = System.nanoTime();
    final TextAssembler text;
    final int promptTokens;
    /** Prompt and sampled tokens; those not yet in the sequence's cells have still to be computed. */
    final TokenList tokens;
    /** Most tokens to sample; unless the context is shifted its end is included. */
    final int limit;

    /** Log probabilities of sampled tokens whose text is held back. */
    final LogprobQueue logprobs = new LogprobQueue();
    /** By position minus 1: the first token has none. */
    final @Nullable TokenLogprob @Nullable [] promptLogprobs;

    final PromptLookup lookup = new PromptLookup();
    final DraftPolicy draftPolicy = new DraftPolicy();

    /** For guesses by a draft model; made when there may be some. */
    @Nullable
    DraftPolicy modelPolicy;

    /** Which of the two learns what comes of the guesses that are under way. */
    DraftPolicy guessedBy = draftPolicy;

    /** Guessed tokens that the next decode checks; how many there are is in the {@link Plan}. */
    final int[] draft = new int[DraftPolicy.MOST];

    static final int NONE = -1;

    /** The guess that the token sampled next is compared with. */
    int expected = NONE;

    /** What look-up guesses for the next token, if it does: this tells how good its guesses are, even if none is computed. */
    int lookedUp = NONE;

    private final int sequenceContext;
    private final Runnable wake;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable String cancelReason;
    private volatile boolean paused;
    private volatile long pausedSince;

    @Nullable
    Slot slot;

    @Nullable
    RequestSampler sampler;

    /** Its sampler, where that is made beside the decode thread. */
    @Nullable
    CompletableFuture<RequestSampler> preparation;

    /** What is being read for it by {@link StoredPrefixes}. */
    @Nullable
    CompletableFuture<@Nullable LoadedPrompt> stored;

    boolean askedStore;

    /** Tokens computed in the {@link PromptScratch}, those that its sequence has included; 0 if it isn't there. */
    int ahead;

    /** Whether its prompt is computed in the {@link PromptScratch}, now or when its turn comes. */
    boolean aside;

    /** Whether that was tried in vain. */
    boolean scratchRefused;

    /** When it is given up, by {@link System#nanoTime()}; only if it has a timeout. */
    private final long deadline;

    private final boolean timed;
    int cachedTokens;
    int sampled;
    int drafted;
    int accepted;
    boolean started;
    /** Its place in line among those of equal priority; given by the {@link AdmissionQueue}. */
    long arrival;

    long startNanos;
    long prefillNanos;
    long firstTokenNanos;
    long lastTokenNanos;

    /**
     * @param sequenceContext tokens that a sequence can hold
     * @param shifts whether a text may go on when its sequence is full
     * @param wake tells the decode thread that a flag changed
     */
    ActiveRequest(GenerationRequest request, TokenSink sink, int sequenceContext, boolean shifts, Runnable wake) {
        this.request = request;
        this.sink = sink;
        this.wake = wake;
        text = new TextAssembler(request.stop());
        promptLogprobs = request.wantsPromptLogprobs() ? new TokenLogprob[request.tokens().length - 1] : null;
        promptTokens = request.tokens().length;
        timed = request.timeout() != null;
        deadline =
                request.timeout() == null ? 0 : submitNanos + request.timeout().toNanos();
        int room = sequenceContext - promptTokens;
        // Without a limit a text that never ends would never end.
        limit = request.maxTokens() == GenerationRequest.UNLIMITED
                ? room
                : shifts ? request.maxTokens() : Math.min(room, request.maxTokens());
        this.sequenceContext = sequenceContext;
        tokens = new TokenList(request.tokens(), Math.min(limit, 256));
    }

    /** Whether the logits of all its prompt tokens are wanted, rather than of the last one. */
    boolean needsPromptLogprobs() {
        return promptLogprobs != null && sampled == 0;
    }

    /** Whether it may begin with cells that others computed. */
    boolean mayReuse() {
        return request.reusePrefix() && !request.wantsPromptLogprobs();
    }

    /** The last token sampled; null before the first. */
    @Nullable
    Integer lastToken() {
        return sampled == 0 ? null : (Integer) tokens.get(tokens.size() - 1);
    }

    /** Whether it was cancelled or its time is up. */
    boolean toBeDropped(long now) {
        return cancelReason != null || nanosToDeadline(now) <= 0;
    }

    /** {@link Long#MAX_VALUE} without a timeout. */
    long nanosToDeadline(long now) {
        return timed ? deadline - now : Long.MAX_VALUE;
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

    /** Most tokens that may be guessed: the last one is sampled from the one before it, and nothing is to follow it. */
    int guessable() {
        return Math.min(limit - sampled - 1, sequenceContext - tokens.size());
    }

    /** Tokens still to be computed before the next one can be sampled. */
    int pending() {
        Slot s = slot;
        return s == null ? tokens.size() : tokens.size() - Math.max(s.cells, ahead);
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
        return new Usage(promptTokens, cachedTokens, sampled, drafted, accepted);
    }

    Timings timings(long now) {
        return new Timings(
                started ? startNanos - submitNanos : now - submitNanos,
                prefillNanos,
                firstTokenNanos == 0 ? 0 : now - firstTokenNanos,
                now - submitNanos);
    }
}
