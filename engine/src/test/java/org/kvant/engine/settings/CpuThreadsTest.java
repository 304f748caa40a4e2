package org.kvant.engine.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuThreadsTest {
    @TempDir
    private Path dir;

    private Path cpus(String... siblings) throws IOException {
        Path cpus = Files.createDirectory(dir.resolve("cpu"));
        for (int i = 0; i < siblings.length; i++) {
            Path topology = Files.createDirectories(cpus.resolve("cpu" + i).resolve("topology"));
            Files.writeString(topology.resolve("thread_siblings_list"), siblings[i] + "\n");
        }
        Files.createDirectory(cpus.resolve("cpufreq"));
        return cpus;
    }

    private Path quota(String text) throws IOException {
        return Files.writeString(dir.resolve("cpu.max"), text + "\n");
    }

    @Test
    void oneThreadForEachPhysicalCore() throws IOException {
        Path cpus = cpus("0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7");
        assertThat(CpuThreads.defaultCount(8, cpus, quota("max 100000"))).isEqualTo(4);
    }

    @Test
    void twoThreadsOfOneCoreAreBothUsed() throws IOException {
        assertThat(CpuThreads.defaultCount(2, cpus("0-1", "0-1"), quota("max 100000")))
                .isEqualTo(2);
    }

    @Test
    void fractionOfACoreInTheQuotaDoesNotCount() throws IOException {
        Path cpus = cpus("0", "1", "2", "3");
        assertThat(CpuThreads.defaultCount(4, cpus, quota("250000 100000"))).isEqualTo(2);
    }

    @Test
    void lessThanOneCoreIsOneThread() throws IOException {
        assertThat(CpuThreads.defaultCount(1, cpus("0", "1"), quota("50000 100000")))
                .isEqualTo(1);
    }

    @Test
    void cpuSetSmallerThanTheMachine() throws IOException {
        assertThat(CpuThreads.defaultCount(3, cpus("0", "1", "2", "3"), quota("max 100000")))
                .isEqualTo(3);
    }

    @Test
    void systemThatSaysNothing() {
        assertThat(CpuThreads.defaultCount(6, dir.resolve("none"), dir.resolve("none")))
                .isEqualTo(6);
    }

    @Test
    void thisMachine() {
        assertThat(CpuThreads.defaultCount()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }
}
