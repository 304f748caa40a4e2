package org.kvant.engine.request;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The DRY penalty on what would prolong a repetition.
 *
 * @param multiplier 0 is off
 * @param base the penalty is {@code multiplier * base^(length of the repetition - allowedLength)}
 * @param allowedLength repetitions up to this length go free
 * @param lastN tokens that it looks back; 0 is off
 * @param breakers texts across which no repetition is seen, each 1 to {@value #MAX_BREAKER} bytes
 */
public record Dry(float multiplier, float base, int allowedLength, int lastN, List<String> breakers) {
    /** Each is looked for in every token of the vocabulary. */
    public static final int MAX_BREAKERS = 16;

    /** llama.cpp cuts longer ones. */
    public static final int MAX_BREAKER = 40;

    /** Off, with llama-server's values for the rest. */
    public static final Dry OFF = new Dry(0, 1.75f, 2, 64, List.of("\n", ":", "\"", "*"));

    /** @throws IllegalArgumentException if a value is out of its range; the message names it */
    public Dry {
        SamplingOptions.check(multiplier >= 0 && Float.isFinite(multiplier), "dry_multiplier", multiplier, "0 or more");
        SamplingOptions.check(base >= 1 && Float.isFinite(base), "dry_base", base, "1 or more");
        SamplingOptions.check(allowedLength >= 0, "dry_allowed_length", allowedLength, "0 or more");
        SamplingOptions.check(lastN >= 0, "dry_penalty_last_n", lastN, "0 or more");
        breakers = List.copyOf(breakers);
        SamplingOptions.check(
                breakers.size() <= MAX_BREAKERS, "the number of dry_sequence_breakers", breakers.size(), "at most 16");
        for (String breaker : breakers) {
            int bytes = breaker.getBytes(StandardCharsets.UTF_8).length;
            SamplingOptions.check(
                    bytes > 0 && bytes <= MAX_BREAKER && breaker.indexOf(0) < 0,
                    "the length of a dry_sequence_breakers element",
                    bytes,
                    "1 to 40 bytes, without NUL");
        }
    }

    boolean active() {
        return multiplier > 0 && lastN > 0;
    }
}
