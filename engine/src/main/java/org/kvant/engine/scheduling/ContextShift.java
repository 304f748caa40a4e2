package org.kvant.engine.scheduling;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.Slot;

/**
 * Lets texts go on beyond their sequence's context: when it is full, the older half behind what is kept is dropped and the rest moved up, as
 * llama-server's {@code --context-shift} does. What was moved still knows what was dropped, so its cells are no longer what computing the shorter text
 * gives. Belongs to the decode thread.
 */
final class ContextShift {
    /** So much is never kept, or there would be no room to go on. */
    private static final int LEAST_ROOM = 4;

    private final PrefixCache cache;
    private final int sequenceContext;
    private final int beginning;
    private final boolean inPlace;

    ContextShift(DecodeTarget target, PrefixCache cache) {
        this.cache = cache;
        sequenceContext = target.sequenceContext();
        beginning = target.addsBos() ? 1 : 0;
        // Cells that several sequences share have one position for all of them.
        inPlace = !target.sharedCells() || target.maxSequences() == 1;
    }

    /** Makes room where a text has none for its next token. */
    void apply() {
        for (Slot slot : cache.slots()) {
            ActiveRequest request = ActiveRequest.in(slot);
            if (request != null && request.tokens.size() > sequenceContext) {
                shift(slot, request);
            }
        }
    }

    private void shift(Slot slot, ActiveRequest request) {
        int wanted = request.request.keep() < 0 ? request.promptTokens : request.request.keep();
        int keep = (int) Math.clamp((long) wanted + beginning, 0, Math.max(0, sequenceContext - LEAST_ROOM));
        int dropped = Math.max(1, (request.tokens.size() - 1 - keep) / 2);
        LOG.debug(
                "Request {}: the context is full, dropping {} tokens behind the first {}", request.id(), dropped, keep);
        if (inPlace && slot.cells >= keep + dropped) {
            cache.shift(slot, keep, dropped);
        } else {
            cache.truncate(slot, Math.min(slot.cells, keep));
        }
        request.tokens.remove(keep, keep + dropped);
        request.drafting.forgetText();
    }
}
