package org.kvant.api.watch;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a request stands in a distributed trace: the header {@code traceparent} of W3C Trace Context, level 1.
 *
 * @param traceId 32 lower-case hexadecimal digits, not all 0
 * @param spanId 16 of them, not all 0: the caller's span, or the server's own one
 * @param sampled whether somebody records the trace
 */
public record TraceParent(String traceId, String spanId, boolean sampled) {
    /** Later versions may add fields behind the flags. */
    private static final Pattern HEADER = Pattern.compile(
            "(?<version>[0-9a-f]{2})-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-.*)?");

    private static final int SAMPLED = 1;

    /** What the header says; null if there is none or it isn't one, which the standard wants ignored. */
    public static @Nullable TraceParent parse(@Nullable String header) {
        if (header == null) {
            return null;
        }
        Matcher matcher = HEADER.matcher(header.strip());
        if (!matcher.matches()
                || matcher.group("version").equals("ff")
                || matcher.group("version").equals("00") && matcher.group("more") != null) {
            return null;
        }
        String trace = matcher.group("trace");
        String span = matcher.group("span");
        if (isZero(trace) || isZero(span)) {
            return null;
        }
        return new TraceParent(trace, span, (Integer.parseInt(matcher.group("flags"), 16) & SAMPLED) != 0);
    }

    private static boolean isZero(String digits) {
        return digits.chars().allMatch(digit -> digit == '0');
    }
}
