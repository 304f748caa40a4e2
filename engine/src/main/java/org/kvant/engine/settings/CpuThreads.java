package org.kvant.engine.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How many threads compute unless the user says so: one for each physical core that this process may use. ggml's threads wait for each other by
 * spinning, so one thread more than there are cores costs far more than it brings; hence a fraction of a core in a cgroup's quota is rounded down.
 */
public final class CpuThreads {
    private static final Path CPUS = Path.of("/sys/devices/system/cpu");
    private static final Path CGROUP_QUOTA = Path.of("/sys/fs/cgroup/cpu.max");

    private CpuThreads() {}

    /** Logical processors that this process may use, its cgroup's quota rounded down. */
    public static int usable() {
        return Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), quota(CGROUP_QUOTA)));
    }

    static int defaultCount() {
        return defaultCount(Runtime.getRuntime().availableProcessors(), CPUS, CGROUP_QUOTA);
    }

    static int defaultCount(int processors, Path cpus, Path quotaFile) {
        int usable = Math.min(processors, quota(quotaFile));
        int cores = physicalCores(cpus);
        // Two hardware threads of one core still gain a little; more of them only get in each other's way.
        return Math.max(1, Math.min(usable, Math.max(cores, 2)));
    }

    /** Cores with distinct sets of hardware threads; all logical processors where the system doesn't say. */
    private static int physicalCores(Path cpus) {
        Set<String> cores = new HashSet<>();
        try (Stream<Path> entries = Files.list(cpus)) {
            for (Path cpu : entries.filter(p -> p.getFileName().toString().matches("cpu\\d+"))
                    .toList()) {
                Path siblings = cpu.resolve("topology/thread_siblings_list");
                if (Files.isReadable(siblings)) {
                    cores.add(Files.readString(siblings).strip());
                }
            }
        } catch (IOException e) {
            return Integer.MAX_VALUE;
        }
        return cores.isEmpty() ? Integer.MAX_VALUE : cores.size();
    }

    /** Whole cores that the cgroup's quota allows ("max 100000" or "150000 100000": quota and period in microseconds). */
    private static int quota(Path file) {
        try {
            List<String> parts = List.of(Files.readString(file).strip().split("\\s+"));
            if (parts.size() != 2 || parts.get(0).equals("max")) {
                return Integer.MAX_VALUE;
            }
            return (int) Math.max(1, Long.parseLong(parts.get(0)) / Long.parseLong(parts.get(1)));
        } catch (IOException | NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }
}
