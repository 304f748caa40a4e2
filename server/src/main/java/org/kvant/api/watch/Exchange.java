package org.kvant.api.watch;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.GenerationRequest;

/**
 * A generating request that was understood and goes to the engine.
 *
 * @param id of the answer, and of each of its generations in the engine
 * @param operation what it does, by OpenTelemetry's names, as {@code chat}
 * @param model what the model is called here
 * @param arrived when the request's headers were read
 * @param arrivedNanos the same by {@link System#nanoTime()}
 * @param parent the caller's place in a trace; null if the caller said nothing about that
 * @param request the first of its generations; the others differ in prompt and seed
 * @param generations how many there are
 */
public record Exchange(
        String id,
        String operation,
        String model,
        Instant arrived,
        long arrivedNanos,
        @Nullable TraceParent parent,
        GenerationRequest request,
        int generations) {}
