package org.kvant.llama.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.Backend;

class UnusedBackendsTest {
    @TempDir
    private Path folder;

    @Test
    void backendsAreKnownByTheirFiles() {
        assertThat(UnusedBackends.kind(Path.of("libggml-vulkan.so"))).hasValue(OptionalBackend.VULKAN);
        assertThat(UnusedBackends.kind(Path.of("libggml-cuda-sm90.so"))).hasValue(OptionalBackend.CUDA);
        assertThat(UnusedBackends.kind(Path.of("ggml-hip.dll"))).hasValue(OptionalBackend.HIP);
        for (String other : List.of(
                "libggml-base.so", "libggml-cpu-haswell.so", "libggml.vulkan.v0.5.0.so", "libllama.cuda.v0.5.0.so")) {
            assertThat(UnusedBackends.kind(Path.of(other))).as(other).isEmpty();
        }
    }

    @Test
    void aLibraryThatDoesNotOpenIsNamedWithTheRemedy() throws Exception {
        Backend.load();
        Path broken = Files.writeString(folder.resolve("libggml-cann.so"), "no library");
        assertThat(UnusedBackends.reasons(folder))
                .singleElement()
                .asString()
                .contains("CANN is not used")
                .contains(broken.toString())
                .contains(OptionalBackend.CANN.needs());
    }

    @Test
    void aFolderWithTheCpusAloneGivesNoReason() throws Exception {
        Backend.load();
        Files.createFile(folder.resolve("libggml-cpu-haswell.so"));
        assertThat(UnusedBackends.reasons(folder)).isEmpty();
    }
}
