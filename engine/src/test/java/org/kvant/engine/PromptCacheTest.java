package org.kvant.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.Usage;
import org.kvant.engine.scheduling.Collector;
import org.kvant.engine.scheduling.SchedulerHarness;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.gguf.GgmlType;
import org.kvant.promptstore.PromptStoreFigures;
import org.kvant.promptstore.PromptStoreOptions;
import org.kvant.testkit.DemoModel;

/** Engines that keep prompts in files, with the demo model. */
class PromptCacheTest {
    private static final String FOX = "The quick brown fox jumps over the lazy dog. ".repeat(12);
    private static final String KING = "The quick " + "There was once a king who had three daughters. ".repeat(12);

    @TempDir
    private Path folder;

    private Engine engine(EngineOptions.Builder options) throws InterruptedException {
        Engine engine = Engine.start(
                DemoModel.file(),
                options.natives(DemoModel.natives())
                        .promptCache(new PromptStoreOptions(folder, 1L << 30))
                        .build(),
                EngineListener.NONE);
        assertThat(engine.awaitReady(Duration.ofMinutes(1)))
                .as("%s", engine.failure())
                .isEqualTo(EngineState.READY);
        return engine;
    }

    private Engine engine() throws InterruptedException {
        return engine(
                EngineOptions.builder().context(SchedulerHarness.context(1, 512).build()));
    }

    private record Answer(String text, int cached, int prompt) {}

    private static Answer ask(Engine engine, String prompt, String salt) throws Exception {
        Collector sink = new Collector();
        int[] tokens = engine.tokenizer().tokenizePrompt(prompt);
        var unused = engine.submit(
                GenerationRequest.builder("r", tokens)
                        .sampling(SamplingOptions.builder().temperature(0).build())
                        .cacheSalt(salt)
                        .maxTokens(20)
                        .build(),
                sink);
        Usage usage = sink.finish().usage();
        return new Answer(sink.text(), usage.cachedTokens(), usage.promptTokens());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.toString().endsWith(".kvprompt")).toList();
        }
    }

    @Test
    void promptsSurviveARestart() throws Exception {
        Answer first;
        try (Engine engine = engine()) {
            first = ask(engine, FOX, "");
            assertThat(first.cached()).isZero();
            PromptStoreFigures figures = engine.snapshot().promptStore();
            assertThat(figures.misses()).isEqualTo(1);
            assertThat(figures.hits()).isZero();
            assertThat(figures.limitBytes()).isEqualTo(1L << 30);
            engine.close();
            assertThat(engine.snapshot().promptStore().writtenFiles()).isEqualTo(1);
        }
        assertThat(files()).hasSize(1);
        try (Engine engine = engine()) {
            Answer again = ask(engine, FOX, "");
            assertThat(again.cached()).isEqualTo(again.prompt() - 1);
            assertThat(again.text()).isEqualTo(first.text());
            PromptStoreFigures figures = engine.snapshot().promptStore();
            assertThat(figures.hits()).isEqualTo(1);
            assertThat(figures.misses()).isZero();
            assertThat(figures.queriedTokens()).isEqualTo(again.prompt() - 1);
            assertThat(figures.restoredTokens()).isEqualTo(again.cached());
            assertThat(figures.fileBytes()).isEqualTo(Files.size(files().getFirst()));
            assertThat(figures.readBytes()).isBetween(figures.fileBytes() - 4096, figures.fileBytes());
            assertThat(figures.stateBytes()).isZero();
        }
        try (Engine engine = engine()) {
            Answer longer = ask(engine, FOX + " And then", "");
            assertThat(longer.cached()).isGreaterThan(first.prompt() - 4);
            assertThat(ask(engine, FOX, "somebody else").cached()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void promptsThatWereEvictedComeBack(boolean unified) throws Exception {
        try (Engine engine = engine(EngineOptions.builder()
                .context(SchedulerHarness.context(1, 512).kvUnified(unified).build()))) {
            Answer fox = ask(engine, FOX, "");
            Answer king = ask(engine, KING, "");
            assertThat(king.cached()).isBetween(1, 20);
            // Written beside the decode thread, so it may take a moment.
            Answer again = ask(engine, FOX, "");
            for (int i = 0; i < 100 && again.cached() < again.prompt() - 1; i++) {
                Thread.sleep(20);
                Answer unused = ask(engine, KING, "");
                again = ask(engine, FOX, "");
            }
            assertThat(again.cached()).isEqualTo(again.prompt() - 1);
            assertThat(again.text()).isEqualTo(fox.text());
        }
    }

    @Test
    void aDamagedFileIsRemovedAndThePromptComputed() throws Exception {
        Answer first;
        try (Engine engine = engine()) {
            first = ask(engine, FOX, "");
        }
        Path file = files().getFirst();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long at = channel.size() / 2;
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 1)).rewind();
            channel.write(one, at);
        }
        byte[] damaged = Files.readAllBytes(file);
        try (Engine engine = engine()) {
            Answer again = ask(engine, FOX, "");
            assertThat(again.cached()).isZero();
            assertThat(again.text()).isEqualTo(first.text());
        }
        // Computed and written anew.
        assertThat(Files.readAllBytes(file)).isNotEqualTo(damaged);
        // Cut off: known at the start already.
        Files.write(file, Arrays.copyOf(damaged, 1000));
        try (Engine engine = engine()) {
            assertThat(files()).isEmpty();
            assertThat(ask(engine, FOX, "").text()).isEqualTo(first.text());
        }
    }

    @Test
    void statesOfAnotherCacheAreRemoved() throws Exception {
        try (Engine engine = engine()) {
            Answer unused = ask(engine, FOX, "");
        }
        Path other = Files.writeString(folder.resolve("notes.txt"), "mine");
        try (Engine engine = engine(EngineOptions.builder()
                .context(SchedulerHarness.context(1, 512)
                        .cacheTypeK(GgmlType.F32)
                        .build()))) {
            assertThat(files()).isEmpty();
            assertThat(ask(engine, FOX, "").cached()).isZero();
        }
        assertThat(other).exists();
    }

    @Test
    void aFolderInUseIsRefused() throws Exception {
        try (Engine engine = engine()) {
            Engine second = Engine.start(
                    DemoModel.file(),
                    EngineOptions.builder()
                            .natives(DemoModel.natives())
                            .promptCache(new PromptStoreOptions(folder, 1L << 30))
                            .build(),
                    EngineListener.NONE);
            try (second) {
                assertThat(second.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.FAILED);
                assertThat(second.failure())
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("another server")
                        .hasMessageContaining(folder.toString());
            }
            assertThat(ask(engine, "Hi", "").cached()).isZero();
        }
    }
}
