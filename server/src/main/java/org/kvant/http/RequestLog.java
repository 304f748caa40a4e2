package org.kvant.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.runtime.Tokenizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One line for each generation that ended and each generating request that was refused, as key-value pairs, which the log's format shows.
 * Durations are in milliseconds. Prompts are left out unless asked for; what a model writes is never there.
 */
final class RequestLog {
    /** Its name is the same in every format, so that it can be filtered and switched off by it. */
    private static final Logger LOG = LoggerFactory.getLogger("kvant.request");

    private static final double NANOS_PER_MILLI = 1e6;

    private final boolean prompts;

    /** @param prompts whether the prompts are part of the lines, as the model read them */
    RequestLog(boolean prompts) {
        this.prompts = prompts;
    }

    /**
     * A generation ended.
     *
     * @param id of the answer, as the client got it
     * @param index of the choice among those that are generated for the answer
     */
    void ended(String id, int index, GenerationRequest request, Finish finish, Tokenizer tokenizer) {
        if (!LOG.isInfoEnabled()) {
            return;
        }
        Usage usage = finish.usage();
        Timings timings = finish.timings();
        LoggingEventBuilder line = LOG.atInfo()
                .addKeyValue("id", id)
                .addKeyValue("choice", index)
                .addKeyValue("outcome", finish.reason().name().toLowerCase(Locale.ROOT))
                .addKeyValue("prompt_tokens", usage.promptTokens())
                .addKeyValue("cached_tokens", usage.cachedTokens())
                .addKeyValue("completion_tokens", usage.completionTokens())
                .addKeyValue("queue_ms", millis(timings.queueNanos()))
                .addKeyValue("prefill_ms", millis(timings.prefillNanos()));
        if (usage.completionTokens() > 0) {
            line = line.addKeyValue("first_token_ms", millis(timings.totalNanos() - timings.decodeNanos()));
        }
        if (usage.completionTokens() > 1) {
            line = line.addKeyValue(
                    "between_tokens_ms", millis(timings.decodeNanos() / (usage.completionTokens() - 1)));
        }
        line = line.addKeyValue("total_ms", millis(timings.totalNanos()));
        if (finish.error() != null) {
            line = line.addKeyValue("error", finish.error());
        }
        if (prompts) {
            line = line.addKeyValue("prompt", tokenizer.detokenize(request.tokens()));
        }
        line.log("request");
    }

    /**
     * A request got an error instead of a generation.
     *
     * @param id of the answer; null if the request never got one
     */
    void refused(@Nullable String id, ApiError error) {
        LoggingEventBuilder line = LOG.atInfo();
        if (id != null) {
            line = line.addKeyValue("id", id);
        }
        line.addKeyValue("outcome", Outcome.REJECTED.name().toLowerCase(Locale.ROOT))
                .addKeyValue("status", error.status())
                .addKeyValue("code", error.code())
                .log("request");
    }

    private static double millis(long nanos) {
        return Math.round(nanos / NANOS_PER_MILLI * 1e3) / 1e3;
    }
}
