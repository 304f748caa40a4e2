package org.kvant.engine.request;

import org.jspecify.annotations.Nullable;

/**
 * The end of a generation.
 *
 * @param reason why it ended
 * @param stop the stop string that ended it, null if it was something else
 * @param error for {@link FinishReason#ERROR}, {@link FinishReason#TIMEOUT} and {@link FinishReason#CANCELLED} what happened, in a sentence fit for a client; else null
 * @param usage tokens in and out
 * @param timings durations
 */
public record Finish(
        FinishReason reason,
        @Nullable String stop,
        @Nullable String error,
        Usage usage,
        Timings timings) {}
