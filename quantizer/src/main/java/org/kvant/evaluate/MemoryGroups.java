package org.kvant.evaluate;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kvant.gguf.GgufFile;

/**
 * Candidates that fit into memory together with the reference. All of a group are evaluated in one pass over the reference; a second group
 * needs a second pass.
 */
final class MemoryGroups {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    /** The rest is for caches, logits and everybody else. */
    private static final double USABLE = 0.8;

    private MemoryGroups() {}

    static List<List<Path>> of(Path reference, List<Path> candidates) throws IOException {
        return of(reference, candidates, (long) (USABLE * available()));
    }

    /** @param budget bytes for all open models; a group has one candidate even if that is too little */
    static List<List<Path>> of(Path reference, List<Path> candidates, long budget) throws IOException {
        long base = bytes(reference);
        List<List<Path>> groups = new ArrayList<>();
        long used = Long.MAX_VALUE;
        for (Path candidate : candidates) {
            long size = bytes(candidate);
            if (groups.isEmpty() || used + size > budget) {
                groups.add(new ArrayList<>());
                used = base;
            }
            groups.getLast().add(candidate);
            used += size;
        }
        return groups;
    }

    private static long bytes(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return gguf.sizeBytes();
        }
    }

    /** Memory that could be used without swapping: Linux counts what the page cache would give back. */
    private static long available() throws IOException {
        if (Files.isReadable(MEMINFO)) {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith("MemAvailable:")) {
                    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
        }
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }
}
