package org.kvant.promptstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.state.SavedSequence;

class PromptStoreTest {
    private static final byte[] OURS = new byte[32];

    @TempDir
    private Path folder;

    private PromptStore open(long bytes) throws IOException {
        return PromptStore.open(new PromptStoreOptions(folder, bytes), OURS);
    }

    private static int[] tokens(int from, int count) {
        return IntStream.range(from, from + count).toArray();
    }

    @SuppressWarnings("MustBeClosedChecker")
    private static void save(PromptStore store, int[] tokens, String salt, int bytes) {
        Arena arena = Arena.ofShared();
        SavedSequence state = SavedSequence.allocate(bytes, arena);
        byte[] content = new byte[bytes];
        new Random(Arrays.hashCode(tokens)).nextBytes(content);
        state.part(0, bytes).put(content);
        store.save(tokens, salt, state, arena);
    }

    private long filesThere() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.toString().endsWith(PromptFile.SUFFIX)).count();
        }
    }

    private long bytesThere() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.mapToLong(p -> p.toFile().length()).sum();
        }
    }

    @Test
    void findsTheLongestBeginningOfTheSameSaltAndReadsItsState() throws Exception {
        try (PromptStore store = open(1 << 20)) {
            save(store, tokens(0, 100), "", 1000);
            save(store, tokens(1000, 50), "", 500);
            save(store, tokens(0, 80), "tenant", 700);
            store.close(Duration.ofSeconds(30));
        }
        try (PromptStore store = open(1 << 20)) {
            assertThat(store.size()).isEqualTo(3);
            int[] asked = tokens(0, 90);
            StoredPrompt found = Objects.requireNonNull(store.find(asked, 90, "", 60, false));
            assertThat(found.length()).isEqualTo(100);
            assertThat(found.common(asked)).isEqualTo(90);
            assertThat(store.find(asked, 90, "", 60, true)).isNull();
            assertThat(store.find(asked, 90, "", 90, false)).isNull();
            assertThat(store.find(asked, 90, "tenant", 0, true)).isNotNull();
            assertThat(store.find(asked, 90, "other", 0, false)).isNull();
            assertThat(store.known(asked, "tenant")).isEqualTo(80);
            try (LoadedPrompt loaded =
                    Objects.requireNonNull(store.load(found, () -> {}).get())) {
                byte[] expected = new byte[1000];
                new Random(Arrays.hashCode(tokens(0, 100))).nextBytes(expected);
                byte[] state = new byte[(int) loaded.state().byteSize()];
                loaded.state().part(0, state.length).get(state);
                assertThat(state).isEqualTo(expected);
                assertThat(store.figures().stateBytes()).isEqualTo(1000);
            }
            PromptStoreFigures figures = store.figures();
            assertThat(figures.stateBytes()).isZero();
            assertThat(figures.readBytes()).isEqualTo(1000);
            assertThat(figures.files()).isEqualTo(3);
            assertThat(figures.tokenBytes()).isEqualTo((100 + 50 + 80) * Integer.BYTES);
            assertThat(figures.fileBytes()).isEqualTo(bytesThere()).isEqualTo(store.bytes());
            assertThat(figures.limitBytes()).isEqualTo(1 << 20);
            assertThat(figures.writtenFiles()).isZero();
        }
    }

    @Test
    void aLongerPromptReplacesItsBeginning() throws Exception {
        try (PromptStore store = open(1 << 20)) {
            save(store, tokens(0, 100), "", 1000);
            save(store, tokens(0, 200), "", 2000);
            store.close(Duration.ofSeconds(30));
            assertThat(store.size()).isEqualTo(1);
            assertThat(store.known(tokens(0, 300), "")).isEqualTo(200);
            PromptStoreFigures figures = store.figures();
            assertThat(figures.files()).isEqualTo(1);
            assertThat(figures.fileBytes()).isEqualTo(bytesThere());
            assertThat(figures.tokenBytes()).isEqualTo(200 * Integer.BYTES);
            assertThat(figures.writtenFiles()).isEqualTo(2);
            assertThat(figures.writtenBytes()).isGreaterThan(figures.fileBytes() + 1000);
            assertThat(figures.evictedFiles()).isZero();
            assertThat(figures.stateBytes()).isZero();
        }
        assertThat(filesThere()).isEqualTo(1);
    }

    @Test
    void whatWasUnusedForLongestMakesRoom() throws Exception {
        try (PromptStore store = open(3000)) {
            save(store, tokens(0, 10), "", 1000);
            save(store, tokens(100, 10), "", 1000);
            // Used again, so the other one goes.
            StoredPrompt first = null;
            while (first == null || store.size() < 2) {
                first = store.find(tokens(0, 10), 10, "", 5, false);
            }
            Objects.requireNonNull(store.load(first, () -> {}).get()).close();
            save(store, tokens(200, 10), "", 1000);
            store.close(Duration.ofSeconds(30));
            assertThat(store.known(tokens(0, 10), "")).isEqualTo(10);
            assertThat(store.known(tokens(100, 10), "")).isZero();
            assertThat(store.known(tokens(200, 10), "")).isEqualTo(10);
            assertThat(store.bytes()).isLessThanOrEqualTo(3000);
            assertThat(store.accepts(10, 4000)).isFalse();
            assertThat(store.figures().evictedFiles()).isEqualTo(1);
            assertThat(store.figures().fileBytes()).isEqualTo(bytesThere());
        }
        assertThat(filesThere()).isEqualTo(2);
        try (PromptStore store = open(1500)) {
            assertThat(store.size()).isEqualTo(1);
            assertThat(filesThere()).isEqualTo(1);
        }
    }

    @Test
    void whatFailsIsCountedAndLeavesNothingInMemory() throws Exception {
        try (PromptStore store = open(1 << 20)) {
            save(store, tokens(0, 10), "", 1000);
            StoredPrompt there = null;
            while (there == null) {
                there = store.find(tokens(0, 10), 10, "", 5, false);
            }
            Files.delete(there.file);
            assertThat(store.load(there, () -> {}).get()).isNull();
            assertThat(store.figures().files()).isZero();
            assertThat(store.figures().fileBytes()).isZero();
            assertThat(store.figures().tokenBytes()).isZero();
            try (Stream<Path> entries = Files.list(folder)) {
                for (Path entry : entries.toList()) {
                    Files.delete(entry);
                }
            }
            Files.delete(folder);
            save(store, tokens(0, 10), "", 1000);
            store.close(Duration.ofSeconds(30));
            PromptStoreFigures figures = store.figures();
            assertThat(figures.readFailures()).isEqualTo(1);
            assertThat(figures.writeFailures()).isEqualTo(1);
            assertThat(figures.writtenFiles()).isEqualTo(1);
            assertThat(figures.stateBytes()).isZero();
        }
        Files.createDirectory(folder);
    }

    @Test
    void everyDamagedByteIsNoticed() throws Exception {
        try (PromptStore store = open(1 << 20)) {
            save(store, tokens(0, 5), "s", 40);
        }
        Path file;
        try (Stream<Path> entries = Files.list(folder)) {
            file = entries.filter(p -> p.toString().endsWith(PromptFile.SUFFIX))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] good = Files.readAllBytes(file);
        StoredPrompt prompt = PromptFile.readHead(file, OURS);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 4;
            Files.write(file, bad);
            assertThatThrownBy(() -> {
                        StoredPrompt head = PromptFile.readHead(file, OURS);
                        PromptFile.readState(head).close();
                    })
                    .as("byte %d", i)
                    .isInstanceOf(PromptFileException.class);
        }
        for (int length = 0; length < good.length; length++) {
            Files.write(file, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> PromptFile.readHead(file, OURS)).isInstanceOf(PromptFileException.class);
            assertThatThrownBy(() -> PromptFile.readState(prompt)).isInstanceOf(IOException.class);
        }
        try (PromptStore store = open(1 << 20)) {
            assertThat(store.size()).isZero();
            assertThat(store.figures().readFailures()).isEqualTo(1);
            assertThat(store.figures().fileBytes()).isZero();
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void aFolderHasOneUser() throws Exception {
        try (PromptStore store = open(1000)) {
            assertThat(store.size()).isZero();
            assertThatThrownBy(() -> open(1000)).isInstanceOf(FileSystemException.class);
        }
        try (PromptStore store = open(1000)) {
            assertThat(store.bytes()).isZero();
        }
    }
}
