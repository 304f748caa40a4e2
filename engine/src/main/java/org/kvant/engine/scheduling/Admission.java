package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.PrefixMatch;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cells.SlotOwner;
import org.kvant.engine.cells.StoredPrefixes;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.watch.EngineListener;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.library.BackendAbortedException;

/**
 * Gives waiting requests sequences, in the queue's order. A request whose beginning another one is just computing waits for that, with a sequence kept
 * free for it, rather than computing it again. Belongs to the decode thread.
 */
final class Admission {
    /** So many requests whose sampler or stored prompt isn't ready yet don't hold up those behind them. */
    private static final int LOOKED_PAST = 8;

    private final DecodeTarget target;
    private final PrefixCache cache;
    private final AdmissionQueue queue;
    private final Releases releases;
    private final EngineListener listener;
    private final boolean sharedCells;
    private final @Nullable StoredPrefixes stored;

    Admission(
            DecodeTarget target,
            PrefixCache cache,
            AdmissionQueue queue,
            Releases releases,
            EngineListener listener,
            boolean sharedCells,
            @Nullable StoredPrefixes stored) {
        this.stored = stored;
        this.target = target;
        this.cache = cache;
        this.queue = queue;
        this.releases = releases;
        this.listener = listener;
        this.sharedCells = sharedCells;
    }

    void admit() {
        int free = 0;
        for (Slot slot : cache.slots()) {
            slot.forkAt = Slot.NOWHERE;
            free += slot.idle() ? 1 : 0;
        }
        if (free == 0 || queue.size() == 0) {
            return;
        }
        for (ActiveRequest request : queue.first(free + LOOKED_PAST)) {
            if (free == 0) {
                return;
            }
            if (!request.sampler.ready()) {
                continue;
            }
            PrefixMatch match = cache.match(request);
            if (match.coming() != null) {
                fork(match.coming(), match.comingLength());
                free--;
                continue;
            }
            if (stored != null && stored.reading(request, match.length())) {
                continue;
            }
            if (!fits(request, match) || !start(request, match)) {
                return;
            }
            free--;
        }
    }

    /**
     * A sequence that can't be cut back has to be copied just where the beginnings part. A prompt that is computed elsewhere would come too late as a
     * whole.
     */
    private void fork(Slot slot, int position) {
        SlotOwner owner = slot.owner();
        if (!cache.rewindable() || (owner != null && owner.scratch().computed > 0)) {
            slot.forkAt = Math.min(slot.forkAt, position);
        }
    }

    private boolean start(ActiveRequest request, PrefixMatch match) {
        Slot slot = cache.acquire(request, match);
        if (slot == null) {
            return false;
        }
        queue.remove(request);
        request.slot = slot;
        if (stored != null) {
            stored.restore(cache, slot, request);
        }
        if (!request.clock.started()) {
            begin(request, slot);
        }
        return true;
    }

    /** With shared cells a request waits until its tokens fit beside those of the running ones, unless it would be alone. */
    private boolean fits(ActiveRequest request, PrefixMatch match) {
        if (!sharedCells) {
            return true;
        }
        boolean sourceRuns = match.source() != null && !match.source().idle();
        long needed = request.tokens.size() + 1L - (sourceRuns ? match.length() : 0);
        boolean alone = true;
        for (Slot slot : cache.slots()) {
            SlotOwner owner = slot.owner();
            if (owner != null) {
                needed += owner.tokens().size() + 1L - slot.shared;
                alone = false;
            }
        }
        return alone || needed <= target.contextSize();
    }

    private void begin(ActiveRequest request, Slot slot) {
        long waited = request.clock.start();
        request.cachedTokens = slot.cells;
        listener.requestStarted(request.id(), waited);
        try {
            request.sampler.begin(() -> target.sampler(request.request, request.tokens));
        } catch (BackendAbortedException e) {
            throw e;
        } catch (GrammarException e) {
            releases.finish(request, FinishReason.ERROR, null, e.getMessage());
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("Request {}: no sampler", request.id(), e);
            releases.finish(request, FinishReason.ERROR, null, "The sampler couldn't be made: " + e);
        }
    }
}
