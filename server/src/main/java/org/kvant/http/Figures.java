package org.kvant.http;

import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.TokenCounts;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;

/** The engine's account of a generation in the API's terms. */
final class Figures {
    private static final double NANOS_PER_MILLI = 1e6;

    private Figures() {}

    static String reason(Finish finish) {
        return finish.reason() == FinishReason.LENGTH ? "length" : "stop";
    }

    /** @param first whether this is the first text for its prompt, which is counted once */
    static TokenCounts counts(Finish finish, boolean first) {
        Usage usage = finish.usage();
        return new TokenCounts(
                first ? usage.promptTokens() : 0,
                first ? usage.cachedTokens() : 0,
                usage.completionTokens(),
                usage.acceptedTokens(),
                usage.draftedTokens() - usage.acceptedTokens());
    }

    static PhaseTimes times(Finish finish) {
        Usage usage = finish.usage();
        Timings timings = finish.timings();
        return new PhaseTimes(
                usage.cachedTokens(),
                usage.promptTokens() - usage.cachedTokens(),
                usage.completionTokens(),
                usage.draftedTokens(),
                usage.acceptedTokens(),
                timings.queueNanos() / NANOS_PER_MILLI,
                timings.prefillNanos() / NANOS_PER_MILLI,
                timings.decodeNanos() / NANOS_PER_MILLI);
    }
}
