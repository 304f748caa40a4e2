package org.kvant.llama.library;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sizes that llama.cpp logs when a context is made; no function of its C interface returns them. A line that does not
 * read as expected counts as 0.
 *
 * @param kvBytesK bytes of the K cache, to a hundredth of a MiB
 * @param kvBytesV bytes of the V cache, to a hundredth of a MiB
 * @param computeBytes bytes of the buffers for intermediate results and outputs, to a hundredth of a MiB
 */
public record ContextMemoryFigures(long kvBytesK, long kvBytesV, long computeBytes) {
    private static final Pattern KV = Pattern.compile("K \\([^)]*\\): +([0-9.]+) MiB, V \\([^)]*\\): +([0-9.]+) MiB");
    private static final Pattern COMPUTE = Pattern.compile("(\\S+) +(compute|output) buffer size = +([0-9.]+) MiB");

    public static ContextMemoryFigures of(List<String> lines) {
        long k = 0;
        long v = 0;
        Map<String, Long> buffers = new HashMap<>();
        for (String line : lines) {
            Matcher kv = KV.matcher(line);
            if (kv.find()) {
                k += bytes(kv.group(1));
                v += bytes(kv.group(2));
            }
            Matcher compute = COMPUTE.matcher(line);
            if (compute.find()) {
                // A buffer that is reserved again is logged again.
                buffers.put(compute.group(1) + ' ' + compute.group(2), bytes(compute.group(3)));
            }
        }
        return new ContextMemoryFigures(
                k, v, buffers.values().stream().mapToLong(Long::longValue).sum());
    }

    private static long bytes(String mebibytes) {
        try {
            return Math.round(Double.parseDouble(mebibytes.toLowerCase(Locale.ROOT)) * (1 << 20));
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
