package org.kvant.api;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Choice;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;

/**
 * A wire format of generating requests and their answers: how a body is read, and how whole and streamed answers are written. Knows neither HTTP nor the engine.
 * Thread-safe.
 */
public interface Dialect {
    /** Where its requests are posted to. */
    String path();

    /** What such a request does, by OpenTelemetry's names ({@code gen_ai.operation.name}). */
    String operation();

    /** What the ids of its answers begin with. */
    String idPrefix();

    /** @throws ApiException with status 400 if the body is not such a request, or asks for something that isn't there */
    GenerationBody parse(byte[] body) throws ApiException;

    /**
     * Writes a streamed answer.
     *
     * @param usageFollows whether {@link AnswerEvents#usage} will be called
     */
    AnswerEvents events(ResponseHead head, boolean usageFollows);

    /**
     * A whole answer.
     *
     * @param choices in the order of their indices
     * @param times of the only text; null where there are several
     */
    byte[] whole(ResponseHead head, List<Choice> choices, TokenCounts usage, @Nullable PhaseTimes times);
}
