package org.kvant.engine.cells;

/** How far one request's prompt is in the {@link PromptScratch}. Belongs to the decode thread. */
public final class ScratchProgress {
    /** Tokens computed there, those that its sequence has included; 0 if it isn't there. */
    public int computed;

    /** Whether its prompt is computed there, now or when its turn comes. */
    public boolean wanted;

    /** Whether that was tried in vain. */
    boolean refused;
}
