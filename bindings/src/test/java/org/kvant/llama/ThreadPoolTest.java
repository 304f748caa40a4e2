package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Contexts keep their threads, let go of them, and do not occupy a core when nothing is computed. A native thread inherits
 * the name of the thread that started it, so what Linux says of the threads of one name is what one test started.
 */
class ThreadPoolTest {
    @TempDir
    private static Path folder;

    private static Model model;

    @BeforeAll
    static void load() throws IOException {
        Backend.load();
        model = Model.load(TinyModel.llama().write(folder.resolve("tiny.gguf")));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ContextOptions options(int threads, int threadsBatch) {
        return ContextOptions.builder()
                .contextSize(512)
                .batchSize(64)
                .ubatchSize(32)
                .threads(threads)
                .threadsBatch(threadsBatch)
                .build();
    }

    private static Batch batch(int from, int count) {
        Batch batch = new Batch(64);
        for (int i = 0; i < count; i++) {
            batch.add(1 + i, from + i, 0, i == count - 1);
        }
        return batch;
    }

    @Test
    void aContextHasItsThreadsFromItsCreationToItsEnd() throws Exception {
        onThread("pool-life", () -> {
            assertThat(workers("pool-life")).isEmpty();
            try (Context context = model.newContext(options(3, 3))) {
                assertThat(workers("pool-life")).hasSize(2);
                List<Path> before = workers("pool-life");
                context.decode(batch(0, 5));
                context.decode(batch(5, 1));
                assertThat(workers("pool-life")).isEqualTo(before);
            }
            assertThat(workers("pool-life")).isEmpty();
        });
    }

    @Test
    void manyContextsLeaveNoThreads() throws Exception {
        onThread("pool-many", () -> {
            for (int i = 0; i < 40; i++) {
                try (Context context = model.newContext(options(1 + i % 3, 1 + i % 2))) {
                    if (i % 4 != 0) {
                        context.decode(batch(0, 5));
                        context.decode(batch(5, 1));
                    }
                }
            }
            assertThat(workers("pool-many")).isEmpty();
        });
    }

    @Test
    void differentNumbersOfThreadsGiveTheSameResult() throws Exception {
        onThread("pool-two", () -> {
            float[] expected = logits(model, options(1, 1));
            assertThat(logits(model, options(2, 3))).isEqualTo(expected);
            assertThat(logits(model, options(3, 1))).isEqualTo(expected);
            try (Context context = model.newContext(options(2, 4))) {
                assertThat(workers("pool-two")).hasSize(1 + 3);
                context.decode(batch(0, 5));
            }
            assertThat(workers("pool-two")).isEmpty();
        });
    }

    @Test
    void twoContextsShareThreads() throws Exception {
        onThread("pool-guest", () -> {
            float[] expected = logits(model, options(1, 1));
            try (Context host = model.newContext(options(2, 3))) {
                List<Path> before = workers("pool-guest");
                assertThat(before).hasSize(1 + 2);
                try (Context guest = model.newContext(options(1, 1), host)) {
                    assertThat(workers("pool-guest")).isEqualTo(before);
                    assertThat(guest.threads()).isEqualTo(2);
                    assertThat(guest.threadsBatch()).isEqualTo(3);
                    for (Context context : List.of(host, guest, guest, host)) {
                        context.memory().clear(false);
                        context.decode(batch(0, 5));
                        context.decode(batch(5, 1));
                        assertThat(context.logits(0)).isEqualTo(expected);
                    }
                    assertThatThrownBy(() -> host.setThreads(1, 1)).isInstanceOf(IllegalStateException.class);
                    assertThatThrownBy(() -> guest.setThreads(1, 1)).isInstanceOf(IllegalStateException.class);
                    assertThatThrownBy(host::close).isInstanceOf(IllegalStateException.class);
                }
                host.setThreads(1, 1);
                host.memory().clear(false);
                host.decode(batch(0, 5));
                host.decode(batch(5, 1));
                assertThat(host.logits(0)).isEqualTo(expected);
            }
            assertThat(workers("pool-guest")).isEmpty();
        });
    }

    @Test
    void theNumberOfThreadsMayChange() throws Exception {
        onThread("pool-set", () -> {
            float[] expected = logits(model, options(1, 1));
            try (Context context = model.newContext(options(2, 2))) {
                context.decode(batch(0, 5));
                context.setThreads(3, 4);
                context.setThreads(4, 2);
                context.decode(batch(5, 1));
                assertThat(context.logits(0)).isEqualTo(expected);
                assertThat(workers("pool-set")).as("those replaced are gone").hasSize(3 + 1);
                context.setThreads(2, 2);
            }
            assertThat(workers("pool-set")).isEmpty();
        });
    }

    @Test
    void anAbortedDecodeLeavesThePoolUsable() throws Exception {
        onThread("pool-abort", () -> {
            float[] expected = logits(model, options(1, 1));
            try (Context context = model.newContext(options(3, 2))) {
                for (int i = 0; i < 20; i++) {
                    context.requestAbort();
                    assertThat(context.decode(batch(0, 5))).isInstanceOf(DecodeResult.Aborted.class);
                }
                context.decode(batch(0, 5));
                context.decode(batch(5, 1));
                assertThat(context.logits(0)).isEqualTo(expected);
            }
        });
    }

    @Test
    void workersSleepSoonAfterADecode() throws Exception {
        onThread("pool-idle", () -> {
            try (Context context = model.newContext(options(2, 2))) {
                Path worker = workers("pool-idle").getFirst();
                context.decode(batch(0, 5));
                // Processor time, not the clock's, and not that of the decode: what else the machine does has no part
                // in it.
                long computed = cpuNanos(worker);
                awaitSleep(worker);
                long asleep = cpuNanos(worker);
                assertThat(asleep - computed).isLessThan(60_000_000L);
                Thread.sleep(200);
                assertThat(cpuNanos(worker) - asleep).isLessThan(1_000_000L);
            }
        });
    }

    private static float[] logits(Model model, ContextOptions options) {
        try (Context context = model.newContext(options)) {
            context.decode(batch(0, 5));
            context.decode(batch(5, 1));
            return context.logits(0);
        }
    }

    private interface Body {
        void run() throws Exception;
    }

    private static void onThread(String name, Body body) throws Exception {
        try (ExecutorService executor =
                Executors.newSingleThreadExecutor(Thread.ofPlatform().name(name).factory())) {
            Future<?> done = executor.submit(() -> {
                body.run();
                return null;
            });
            done.get();
        }
    }

    /** The native threads of that name but the one that asks, in {@code /proc/self/task}. */
    private static List<Path> workers(String name) throws IOException {
        List<Path> named = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.sorted().toList()) {
                if (name.equals(read(task, "comm"))) {
                    named.add(task);
                }
            }
        }
        Path self = Path.of("/proc/thread-self").toRealPath();
        assertThat(named.removeIf(task -> task.getFileName().equals(self.getFileName())))
                .isTrue();
        return named;
    }

    private static String read(Path task, String file) throws IOException {
        try {
            return Files.readString(task.resolve(file)).strip();
        } catch (NoSuchFileException e) {
            return ""; // Ended since it was listed.
        } catch (IOException e) {
            if (Files.exists(task)) {
                throw e;
            }
            return "";
        }
    }

    private static long cpuNanos(Path task) throws IOException {
        return Long.parseLong(read(task, "schedstat").split(" ")[0]);
    }

    private static void awaitSleep(Path task) throws Exception {
        for (int i = 0; i < 5_000; i++) {
            String status = read(task, "stat");
            if (status.substring(status.lastIndexOf(')') + 2).startsWith("S")) {
                return;
            }
            Thread.sleep(2);
        }
        throw new AssertionError("the worker never sleeps");
    }
}
