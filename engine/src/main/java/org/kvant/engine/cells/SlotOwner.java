package org.kvant.engine.cells;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.Work;

/** A request as its sequence sees it. Belongs to the decode thread. */
public interface SlotOwner {
    Work work();

    /** Prompt and sampled tokens. */
    TokenList tokens();

    /** Its sequence; null while it waits. */
    @Nullable
    Slot slot();

    /** Whether it may begin with cells that others computed. */
    boolean mayReuse();

    /** Whether its client reads too slowly. */
    boolean paused();

    /** Whether the next decode only carries on a stream, rather than working on a prompt. */
    boolean streaming();

    /** Whether the logits of all its prompt tokens are wanted, rather than of the last one. */
    boolean needsPromptLogprobs();

    /** How far its prompt is in the {@link PromptScratch}. */
    ScratchProgress scratch();

    /** What {@link StoredPrefixes} reads for it. */
    StoredLookup stored();
}
