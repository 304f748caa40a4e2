package org.kvant.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.scheduling.Collector;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;
import org.kvant.gguf.TensorSpec;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.UnsupportedTemplateException;
import org.kvant.testkit.DemoModel;

class EngineTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path dir;

    private static EngineOptions.Builder options(int sequences) {
        ContextOptions context = EngineOptions.defaultContext()
                .threads(1)
                .maxSequences(sequences)
                .contextSize(512 * sequences)
                .build();
        return EngineOptions.builder().natives(DemoModel.natives()).context(context);
    }

    private static Engine ready(EngineOptions.Builder options, EngineListener listener) throws InterruptedException {
        Engine engine = Engine.start(DemoModel.file(), options.build(), listener);
        assertThat(engine.awaitReady(LONG)).as("%s", engine.failure()).isEqualTo(EngineState.READY);
        return engine;
    }

    private static Engine ready(int sequences) throws InterruptedException {
        return ready(options(sequences), EngineListener.NONE);
    }

    private static GenerationRequest.Builder request(Engine engine, String prompt, int maxTokens) {
        return GenerationRequest.builder("t", engine.tokenizer().tokenizePrompt(prompt))
                .sampling(SamplingOptions.builder().temperature(0).build())
                .ignoreEos(true)
                .maxTokens(maxTokens);
    }

    @Test
    void generates() throws Exception {
        try (Engine engine = ready(2)) {
            Collector sink = new Collector();
            Generation generation =
                    engine.submit(request(engine, "Once upon a time", 20).build(), sink);
            Finish end = sink.finish();
            assertThat(end.reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(end.error()).isNull();
            assertThat(end.usage().completionTokens()).isEqualTo(20);
            assertThat(end.timings().totalNanos())
                    .isGreaterThanOrEqualTo(end.timings().prefillNanos()
                            + end.timings().queueNanos()
                            + end.timings().decodeNanos());
            assertThat(sink.text()).isNotBlank();
            assertThat(generation.finished()).isTrue();
            assertThat(generation.id()).isEqualTo("t");
            // After the end these do nothing.
            generation.cancel();
            generation.pause();
            generation.resume();
        }
    }

    @Test
    void snapshotShowsMemoryAndLoad() throws Exception {
        try (Engine engine = ready(2)) {
            EngineSnapshot empty = engine.snapshot();
            assertThat(empty.state()).isEqualTo(EngineState.READY);
            assertThat(empty.kvCellsTotal()).isEqualTo(1024);
            assertThat(empty.kvCellsUsed()).isZero();
            // 6 layers, 2 heads of 64 for keys and values, 2 bytes each.
            assertThat(empty.kvBytesK()).isEqualTo(1024L * 6 * 2 * 64 * 2);
            assertThat(empty.kvBytesV()).isEqualTo(1024L * 6 * 2 * 64 * 2);
            assertThat(empty.kvTypeK()).isEqualTo("f16");
            assertThat(empty.weightBytes()).isBetween(10_000_000L, 14_000_000L);
            assertThat(empty.computeBufferBytes()).isPositive();
            assertThat(empty.maxSequences()).isEqualTo(2);

            Collector sink = new Collector();
            engine.submit(request(engine, "Once upon a time", 20).build(), sink);
            Finish end = sink.finish();
            EngineSnapshot after = engine.snapshot();
            assertThat(after.running()).isZero();
            assertThat(after.kvCellsUsed()).isEqualTo(end.usage().totalTokens() - 1);
            assertThat(after.kvBytesUsedK()).isEqualTo(after.kvCellsUsed() * 6 * 2 * 64 * 2);
        }
    }

    @Test
    void manyRequestsOnFewSequencesAllFinish() throws Exception {
        try (Engine engine = ready(4)) {
            List<Collector> sinks = Collections.synchronizedList(new ArrayList<>());
            List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < 8; client++) {
                int number = client;
                clients.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 8; i++) {
                        Collector sink = new Collector();
                        sinks.add(sink);
                        try {
                            engine.submit(
                                    request(engine, "Story " + number + ", part " + i, 5 + number)
                                            .build(),
                                    sink);
                        } catch (QueueFullException | RequestRejectedException e) {
                            throw new AssertionError(e);
                        }
                    }
                }));
            }
            for (Thread client : clients) {
                client.join();
            }
            assertThat(sinks)
                    .hasSize(64)
                    .allSatisfy(sink -> assertThat(sink.finish().reason()).isEqualTo(FinishReason.LENGTH));
            assertThat(engine.snapshot().running()).isZero();
            assertThat(engine.snapshot().waiting()).isZero();
        }
    }

    /** Blocks the decode thread inside a sink, so that a test knows what the queue holds. */
    private static final class Gate extends Collector {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        @Override
        public void onText(String text, int tokenId) {
            entered.countDown();
            try {
                assertThat(open.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void fullQueueRefuses() throws Exception {
        List<String> rejected = Collections.synchronizedList(new ArrayList<>());
        EngineListener listener = new EngineListener() {
            @Override
            public void requestRejected(String id, Throwable cause) {
                rejected.add(id + " " + cause.getClass().getSimpleName());
            }
        };
        try (Engine engine = ready(options(1).queueCapacity(2), listener)) {
            Gate gate = new Gate();
            engine.submit(request(engine, "Once upon a time", 5).build(), gate);
            assertThat(gate.entered.await(60, TimeUnit.SECONDS)).isTrue();
            Collector second = new Collector();
            Collector third = new Collector();
            engine.submit(request(engine, "One", 2).build(), second);
            engine.submit(request(engine, "Two", 2).build(), third);
            assertThat(engine.snapshot().waiting()).isEqualTo(2);
            assertThatThrownBy(() -> engine.submit(request(engine, "Three", 2).build(), new Collector()))
                    .isInstanceOf(QueueFullException.class)
                    .hasMessageContaining("2 requests");
            assertThat(rejected).containsExactly("t QueueFullException");
            gate.open.countDown();
            assertThat(second.finish().reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(third.finish().reason()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void impossibleRequestsAreRefusedWithNumbers() throws Exception {
        try (Engine engine = ready(2)) {
            assertThatThrownBy(() -> engine.submit(
                            GenerationRequest.builder("long", new int[512]).build(), new Collector()))
                    .isInstanceOfSatisfying(
                            RequestRejectedException.class,
                            e -> assertThat(e.reason()).isEqualTo(RequestRejectedException.Reason.CONTEXT_EXCEEDED))
                    .hasMessageContaining("512 tokens")
                    .hasMessageContaining("room for 512");
            assertThatThrownBy(() -> engine.submit(
                            GenerationRequest.builder("none", new int[0]).build(), new Collector()))
                    .isInstanceOfSatisfying(
                            RequestRejectedException.class,
                            e -> assertThat(e.reason()).isEqualTo(RequestRejectedException.Reason.EMPTY_PROMPT));
            for (int token : new int[] {-1, 4096}) {
                assertThatThrownBy(() -> engine.submit(
                                GenerationRequest.builder("bad", new int[] {1, token})
                                        .build(),
                                new Collector()))
                        .isInstanceOfSatisfying(
                                RequestRejectedException.class,
                                e -> assertThat(e.reason()).isEqualTo(RequestRejectedException.Reason.INVALID_TOKEN))
                        .hasMessageContaining("Token " + token + " at index 1");
            }
        }
    }

    @Test
    void drainLetsEverythingFinish() throws Exception {
        Engine engine = ready(2);
        List<Collector> sinks = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Collector sink = new Collector();
            sinks.add(sink);
            engine.submit(request(engine, "Story " + i, 20).build(), sink);
        }
        engine.drain(LONG);
        assertThat(sinks).allSatisfy(sink -> {
            assertThat(sink.finished()).isTrue();
            assertThat(sink.finish().reason()).isEqualTo(FinishReason.LENGTH);
        });
        assertThat(engine.state()).isEqualTo(EngineState.STOPPED);
        assertThatThrownBy(() -> engine.submit(
                        GenerationRequest.builder("late", new int[] {1}).build(), new Collector()))
                .isInstanceOfSatisfying(
                        EngineNotReadyException.class,
                        e -> assertThat(e.state()).isEqualTo(EngineState.STOPPED));
        assertThatThrownBy(() -> engine.tokenizer().tokenize("a", true, true))
                .isInstanceOf(IllegalStateException.class);
        engine.close();
    }

    @Test
    void drainCancelsWhatTakesTooLong() throws Exception {
        Engine engine = ready(1);
        Collector running = new Collector();
        Collector waiting = new Collector();
        Generation first =
                engine.submit(request(engine, "Once upon a time", 400).build(), running);
        engine.submit(request(engine, "Once upon a time", 400).build(), waiting);
        first.pause();
        engine.drain(Duration.ofMillis(50));
        assertThat(running.finish().reason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(waiting.finish().reason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(waiting.finish().error()).contains("shutting down");
        assertThat(engine.state()).isEqualTo(EngineState.STOPPED);
    }

    @Test
    void closingFromASinkDoesNotDeadlock() throws Exception {
        Engine engine = ready(1);
        Collector sink = new Collector() {
            @Override
            public void onText(String text, int tokenId) {
                engine.close();
            }
        };
        engine.submit(request(engine, "Once upon a time", 400).build(), sink);
        assertThat(sink.finish().reason()).isEqualTo(FinishReason.CANCELLED);
        engine.close();
        assertThat(engine.state()).isEqualTo(EngineState.STOPPED);
    }

    @Test
    void closingWhileLoadingIsClean() {
        Engine engine = Engine.start(DemoModel.file(), options(1).build(), EngineListener.NONE);
        engine.close();
        assertThat(engine.state()).isEqualTo(EngineState.STOPPED);
    }

    @Test
    void missingModelFails() throws Exception {
        List<String> states = Collections.synchronizedList(new ArrayList<>());
        EngineListener listener = new EngineListener() {
            @Override
            public void stateChanged(EngineState state, @Nullable Throwable failure) {
                states.add(
                        state + (failure == null ? "" : " " + failure.getClass().getSimpleName()));
            }
        };
        Path missing = dir.resolve("missing.gguf");
        try (Engine engine = Engine.start(missing, options(1).build(), listener)) {
            assertThat(engine.awaitReady(LONG)).isEqualTo(EngineState.FAILED);
            assertThat(engine.failure()).isInstanceOf(IOException.class).hasMessageContaining("missing.gguf");
            assertThatThrownBy(engine::model)
                    .isInstanceOf(EngineNotReadyException.class)
                    .hasMessageContaining("missing.gguf");
            assertThatThrownBy(() -> engine.submit(
                            GenerationRequest.builder("r", new int[] {1}).build(), new Collector()))
                    .isInstanceOf(EngineNotReadyException.class);
            engine.drain(Duration.ofSeconds(1));
            assertThat(engine.state()).isEqualTo(EngineState.FAILED);
            assertThat(engine.snapshot().kvCellsTotal()).isZero();
        }
        assertThat(states).hasSize(2).first().isEqualTo("LOADING");
        assertThat(states.get(1)).startsWith("FAILED ");
    }

    @Test
    void corruptModelFails() throws Exception {
        byte[] bytes = Files.readAllBytes(DemoModel.file());
        Path broken = Files.write(dir.resolve("broken.gguf"), Arrays.copyOf(bytes, bytes.length / 2));
        try (Engine engine = Engine.start(broken, options(1).build(), EngineListener.NONE)) {
            assertThat(engine.awaitReady(LONG)).isEqualTo(EngineState.FAILED);
            assertThat(engine.failure()).hasMessageContaining("broken.gguf");
        }
    }

    @Test
    void chatTemplateAndPromptTokens() throws Exception {
        try (Engine engine = ready(1)) {
            assertThat(engine.model().chatTemplate()).isTrue();
            String prompt = engine.applyChatTemplate(List.of(new ChatMessage("user", "Hi")), true);
            assertThat(prompt).isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
            Tokenizer tokenizer = engine.tokenizer();
            assertThat(tokenizer.detokenize(tokenizer.tokenize(prompt, false, true)))
                    .isEqualTo(prompt);
            assertThat(tokenizer.tokenize("<|im_end|>", false, true)).hasSize(1);
            assertThat(tokenizer.tokenize("<|im_end|>", false, false).length).isGreaterThan(1);
            assertThat(tokenizer.vocabularySize()).isEqualTo(engine.model().vocabularySize());
        } catch (UnsupportedTemplateException e) {
            throw new AssertionError(e);
        }
    }

    /** For some pre-tokenizers llama.cpp matches patterns by recursion, a frame of the C stack for each character. */
    @Test
    void veryLongWordsDoNotOverflowTheStack() throws Exception {
        Path model = dir.resolve("falcon.gguf");
        try (GgufFile demo = GgufFile.open(DemoModel.file())) {
            Metadata metadata = demo.metadata().toBuilder()
                    .putString("tokenizer.ggml.pre", "falcon")
                    .build();
            List<TensorSpec> specs = demo.tensors().stream()
                    .map(t -> new TensorSpec(t.name(), t.type(), t.shape()))
                    .toList();
            try (GgufWriter writer = GgufWriter.create(model, metadata, specs)) {
                for (TensorInfo tensor : demo.tensors()) {
                    writer.write(tensor.name(), demo.data(tensor));
                }
                writer.commit();
            }
        }
        try (Engine engine = Engine.start(model, options(1).build(), EngineListener.NONE)) {
            assertThat(engine.awaitReady(LONG)).isEqualTo(EngineState.READY);
            for (String unit : new String[] {"!", "a", " ", "7", "字", "\n", "a b"}) {
                String text = unit.repeat(100_000);
                assertThat(engine.tokenizer().detokenize(engine.tokenizer().tokenize(text, false, false)))
                        .isEqualTo(text);
            }
            assertThatThrownBy(() -> engine.tokenizer().tokenize("!".repeat(1 << 20), false, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("1048576 bytes");
        }
    }

    @Test
    void nativeAbortFailsWhatIsInFlight() throws Exception {
        try (Engine engine = ready(1)) {
            Collector running = new Collector();
            Collector waiting = new Collector();
            engine.submit(request(engine, "Once upon a time", 400).build(), running)
                    .pause();
            engine.submit(request(engine, "Once upon a time", 400).build(), waiting);
            engine.nativeAborted("GGML_ASSERT(false) failed");
            assertThat(running.finish().reason()).isEqualTo(FinishReason.ERROR);
            assertThat(waiting.finish().reason()).isEqualTo(FinishReason.ERROR);
            assertThat(engine.state()).isEqualTo(EngineState.FAILED);
            assertThat(engine.failure()).hasMessageContaining("GGML_ASSERT");
            assertThatThrownBy(() -> engine.submit(
                            GenerationRequest.builder("r", new int[] {1}).build(), new Collector()))
                    .isInstanceOf(EngineNotReadyException.class)
                    .hasMessageContaining("GGML_ASSERT");
        }
    }
}
