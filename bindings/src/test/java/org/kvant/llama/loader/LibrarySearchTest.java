package org.kvant.llama.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.Backend;

class LibrarySearchTest {
    @TempDir
    private Path folder;

    @Test
    void eachSystemsNamesAreFound() throws Exception {
        check("Linux", "libggml-base.so.0.25.1", "libggml.so.0", "libllama.so");
        check("Mac OS X", "libggml-base.dylib", "libggml.v0.5.0.dylib", "libllama.0.5.0.dylib");
        check("Windows 11", "ggml-base.dll", "ggml.dll", "llama.v0.5.0.dll");
    }

    /** What the packages of native/pins.txt call their files. */
    @Test
    void eachPinnedPackagesNamesAreFound() throws Exception {
        check("Linux", "libggml-base.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so");
        check("Linux", "libggml-base.so", "libggml.vulkan.v0.5.0.so", "libllama.vulkan.v0.5.0.so");
        check("Linux", "libggml-base.so", "libggml.cuda.v0.5.0.so", "libllama.cuda.v0.5.0.so");
        check("Mac OS X", "libggml-base.dylib", "libggml.metal.v0.5.0.dylib", "libllama.metal.v0.5.0.dylib");
        check("Windows 11", "ggml-base.dll", "ggml.vulkan.v0.5.0.dll", "llama.vulkan.v0.5.0.dll");
    }

    private void check(String os, String... names) throws Exception {
        Path place = Files.createDirectory(folder.resolve(os + names[2]));
        for (String name : names) {
            Files.createFile(place.resolve(name));
        }
        for (String other : List.of(
                "libllama-common.so",
                "libggml-cpu-haswell.so",
                "llama-common.dll",
                "libllama-common.vulkan.v0.5.0.so",
                "libggml-vulkan.so",
                "libggml-cuda.so",
                "ggml-cpu.dll",
                "libggml-cpu.dylib",
                "libllama-common.dylib")) {
            Files.createFile(place.resolve(other));
        }
        LibrarySearch.Found found = new LibrarySearch(LibraryNames.of(os)).search(place);
        assertThat(List.of(found.ggmlBase(), found.ggml(), found.llama()))
                .map(p -> p.getFileName().toString())
                .containsExactly(names);
    }

    @Test
    void amongLinksTheShortestNameIsUsed() throws Exception {
        Path file = Files.createFile(folder.resolve("libllama.so.0.5.0"));
        Path link = Files.createSymbolicLink(folder.resolve("libllama.so"), file.getFileName());
        assertThat(LibrarySearch.pick(
                        List.of(file, link), LibraryNames.of("Linux").llama()))
                .hasValue(link);
    }

    @Test
    void whatWasTriedIsSaid() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> new LibrarySearch(LibraryNames.of("Linux")).search(empty))
                .isInstanceOf(NativeLoadException.class)
                .hasMessageContaining(empty.toString())
                .hasMessageContaining("libllama");
        Path absent = folder.resolve("absent");
        assertThatThrownBy(() -> new LibrarySearch(LibraryNames.of("Linux")).search(absent))
                .hasMessageContaining(absent + " (given by the caller): no such folder");
    }

    @Test
    void theTestsLibrariesAreThePinnedOnes() {
        Backend.load();
        NativeLibraries loaded = NativeLibraries.load(null, false);
        assertThat(NativeLibraries.same(NativeLibraries.LLAMA_VERSION, loaded.llamaVersion()))
                .isTrue();
        assertThat(NativeLibraries.same(NativeLibraries.GGML_VERSION, loaded.ggmlVersion()))
                .isTrue();
        assertThat(NativeLibraries.functions())
                .contains("llama_decode", "ggml_quantize_chunk")
                .hasSizeGreaterThan(100);
    }

    @Test
    void otherVersionsAreOther() {
        assertThat(NativeLibraries.same("0.5.0", "v0.5.0")).isTrue();
        assertThat(NativeLibraries.same("0.5.0", "0.5.0-dev")).isTrue();
        assertThat(NativeLibraries.same("0.5.0", "0.5.1")).isFalse();
        assertThat(NativeLibraries.same("0.5.0", "b10456")).isFalse();
    }
}
