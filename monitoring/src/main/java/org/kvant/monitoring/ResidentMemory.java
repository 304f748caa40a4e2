package org.kvant.monitoring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;

/**
 * Reads how much memory of this process is in RAM. Linux tells it by kind in {@code /proc/self/status} (proc(5)); elsewhere {@code ps} gives
 * one figure, and where there is none either, the committed virtual memory stands in for it.
 */
final class ResidentMemory {
    /** The kernel's field for each value of the label {@code kind}. */
    private static final Map<String, String> FIELDS =
            Map.of("RssAnon", "anonymous", "RssFile", "file", "RssShmem", "shared");

    private static final Path STATUS = Path.of("/proc/self/status");

    private final Path status;

    ResidentMemory() {
        this(STATUS);
    }

    /** @param status a file in the format of {@code /proc/self/status}, or one that doesn't exist */
    ResidentMemory(Path status) {
        this.status = status;
    }

    /** Bytes by kind; the kinds are the same at each call. */
    SequencedMap<String, Long> read() {
        SequencedMap<String, Long> byKind = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(status, StandardCharsets.ISO_8859_1)) {
                int colon = line.indexOf(':');
                String kind = colon < 0 ? null : FIELDS.get(line.substring(0, colon));
                if (kind != null) {
                    byKind.put(kind, kibibytes(line.substring(colon + 1)) * 1024);
                }
            }
        } catch (NoSuchFileException e) {
            // Not Linux.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (byKind.isEmpty()) {
            byKind.put("all", fromPs());
        }
        return byKind;
    }

    private static long kibibytes(String field) {
        return Long.parseLong(field.replace("kB", "").strip());
    }

    private static long fromPs() {
        try {
            Process ps = new ProcessBuilder(
                            "ps",
                            "-o",
                            "rss=",
                            "-p",
                            Long.toString(ProcessHandle.current().pid()))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(ps.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            if (ps.waitFor(5, TimeUnit.SECONDS) && ps.exitValue() == 0) {
                return kibibytes(output) * 1024;
            }
        } catch (IOException | NumberFormatException e) {
            // No ps, or another one.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getCommittedVirtualMemorySize();
    }
}
