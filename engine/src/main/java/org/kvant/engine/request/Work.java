package org.kvant.engine.request;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a request wants of a model, as far as waiting and sharing cells are concerned: how its tokens are computed, not what becomes of the result. */
public sealed interface Work permits GenerationRequest {
    String id();

    /** The prompt. The array itself: nobody changes it. */
    int[] tokens();

    /** Whether cells that others computed may be used for its prefix. */
    boolean reusePrefix();

    /** Only requests with the same salt share cells. */
    String cacheSalt();

    /** Requests of the same group share cells whatever their salt; null for none. */
    @Nullable
    Object group();

    /** Smaller goes first. */
    int priority();

    /** From submission to the end; null for no limit. */
    @Nullable
    Duration timeout();

    /** Whether the outputs of all prompt tokens are wanted, so that none may come from cells that others computed. */
    boolean wantsPromptOutputs();
}
