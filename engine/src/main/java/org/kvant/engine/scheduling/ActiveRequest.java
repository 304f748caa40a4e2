package org.kvant.engine.scheduling;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.ScratchProgress;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cells.SlotOwner;
import org.kvant.engine.cells.StoredLookup;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.request.Usage;
import org.kvant.engine.request.Work;
import org.kvant.engine.sampling.OutputText;
import org.kvant.engine.sampling.PendingSampler;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.speculation.Drafting;
import org.kvant.engine.speculation.SpeculativeRequest;

/** An admitted request with its progress. The decode thread owns it, except for the volatile flags that others set through {@link Generation}. */
public final class ActiveRequest implements Generation, SlotOwner, SpeculativeRequest {
    final GenerationRequest request;
    final TokenSink sink;
    final RequestClock clock;
    public final int promptTokens;
    public final TokenList tokens;
    /** Most tokens to sample; unless the context is shifted its end is included. */
    final int limit;

    final PendingSampler sampler;
    final OutputText output;
    final Drafting drafting = new Drafting();
    private final ScratchProgress scratch = new ScratchProgress();
    private final StoredLookup stored = new StoredLookup();

    private final int sequenceContext;
    private final Runnable wake;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable String cancelReason;
    private volatile boolean paused;
    private volatile long pausedSince;

    @Nullable
    Slot slot;

    int cachedTokens;
    int sampled;
    /** Its place in line among those of equal priority; given by the {@link AdmissionQueue}. */
    long arrival;

    /**
     * @param sequenceContext tokens that a sequence can hold
     * @param shifts whether a text may go on when its sequence is full
     * @param prepared its sampler, where that is made beside the decode thread; null for when it begins
     * @param wake tells the decode thread that a flag changed
     */
    public ActiveRequest(
            GenerationRequest request,
            TokenSink sink,
            int sequenceContext,
            boolean shifts,
            @Nullable CompletableFuture<TokenSampler> prepared,
            Runnable wake) {
        this.request = request;
        this.sink = sink;
        this.wake = wake;
        output = new OutputText(request);
        sampler = new PendingSampler(prepared);
        promptTokens = request.tokens().length;
        clock = new RequestClock(
                request.timeout() == null ? Long.MAX_VALUE : request.timeout().toNanos());
        int room = sequenceContext - promptTokens;
        // Without a limit a text that never ends would never end.
        limit = request.maxTokens() == GenerationRequest.UNLIMITED
                ? room
                : shifts ? request.maxTokens() : Math.min(room, request.maxTokens());
        this.sequenceContext = sequenceContext;
        tokens = new TokenList(request.tokens(), Math.min(limit, 256));
    }

    /** Who uses a sequence; null if nobody does. */
    static @Nullable ActiveRequest in(Slot slot) {
        // Slots are only ever given to the requests of this package.
        return (ActiveRequest) slot.owner();
    }

    @Override
    public Work work() {
        return request;
    }

    @Override
    public TokenList tokens() {
        return tokens;
    }

    @Override
    public @Nullable Slot slot() {
        return slot;
    }

    @Override
    public ScratchProgress scratch() {
        return scratch;
    }

    @Override
    public StoredLookup stored() {
        return stored;
    }

    @Override
    public boolean needsPromptLogprobs() {
        return output.wantsPrompt() && sampled == 0;
    }

    @Override
    public boolean mayReuse() {
        return request.reusePrefix() && !request.wantsPromptOutputs();
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
        return clock.nanosToDeadline(now);
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

    @Override
    public boolean paused() {
        return paused;
    }

    /** Nanoseconds that it has been paused; 0 if it isn't. */
    long pausedNanos(long now) {
        return paused ? Math.max(0, now - pausedSince) : 0;
    }

    @Override
    public int sequence() {
        return Objects.requireNonNull(slot).sequence;
    }

    @Override
    public String cacheSalt() {
        return request.cacheSalt();
    }

    @Override
    public boolean speculates() {
        return request.speculate();
    }

    @Override
    public int proposable() {
        return Math.min(limit - sampled - 1, sequenceContext - tokens.size());
    }

    @Override
    public int remaining() {
        return limit - sampled;
    }

    @Override
    public Drafting drafting() {
        return drafting;
    }

    /** Tokens still to be computed before the next one can be sampled. */
    int pending() {
        Slot s = slot;
        return s == null ? tokens.size() : tokens.size() - Math.max(s.cells, scratch.computed);
    }

    @Override
    public boolean streaming() {
        return sampled > 0 && pending() == 1;
    }

    /** True for the first caller only, who then has to tell the sink. */
    boolean end() {
        return ended.compareAndSet(false, true);
    }

    Usage usage() {
        return new Usage(promptTokens, cachedTokens, sampled, drafting.drafted(), drafting.accepted());
    }

    Timings timings(long now) {
        return clock.timings(now);
    }
}
