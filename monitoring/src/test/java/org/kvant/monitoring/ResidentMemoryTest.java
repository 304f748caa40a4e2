package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResidentMemoryTest {

    @Test
    void linuxTellsTheKinds(@TempDir Path dir) throws Exception {
        Path status = Files.writeString(
                dir.resolve("status"),
                "Name:\tjava\nVmHWM:\t  900000 kB\nVmRSS:\t  600000 kB\nRssAnon:\t  100000 kB\nRssFile:\t  499000 kB\nRssShmem:\t    1000 kB\n");

        assertThat(new ResidentMemory(status).read())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("anonymous", 102_400_000L, "file", 510_976_000L, "shared", 1_024_000L));
    }

    @Test
    void elsewhereThereIsOneFigure(@TempDir Path dir) {
        Map<String, Long> read = new ResidentMemory(dir.resolve("missing")).read();

        assertThat(read).containsOnlyKeys("all");
        // A JVM with tests in it; and no more than the address space.
        assertThat(read.get("all")).isBetween(20_000_000L, 1L << 47);
    }

    @Test
    void memoryThatIsTouchedIsSeen() {
        ResidentMemory memory = new ResidentMemory();
        long before = sum(memory);
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            arena.allocate(200_000_000).fill((byte) 1);
            assertThat(sum(memory) - before).isGreaterThan(150_000_000);
        }
    }

    private static long sum(ResidentMemory memory) {
        return memory.read().values().stream().mapToLong(Long::longValue).sum();
    }
}
