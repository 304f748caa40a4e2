package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.Model;
import org.kvant.llama.attention.CacheAttention;
import org.kvant.llama.library.LlamaException;

/**
 * Whether attention over the served cache is computed in Java: found out beside the requests, once the engine is ready, since the JVM has to compile
 * the kernel first. Until then, and where it isn't faster, it is ggml's.
 */
final class AttentionChoice implements AutoCloseable {
    private final CacheAttention attention;
    private @Nullable Thread trial;
    private boolean limited;

    private AttentionChoice(CacheAttention attention) {
        this.attention = attention;
    }

    /** For this model and context; null where there is nothing to choose. */
    static @Nullable AttentionChoice of(Model model, EngineOptions options) {
        ContextOptions context = options.context();
        return options.cacheAttention()
                ? CacheAttention.of(model, context.cacheTypeK(), context.cacheTypeV())
                        .map(AttentionChoice::new)
                        .orElse(null)
                : null;
    }

    /** For the context. */
    CacheAttention attention() {
        return attention;
    }

    /** Begins the trial; the thread that closes this one later. */
    void begin() {
        Thread thread = new Thread(this::run, "kvant-attention");
        thread.setDaemon(true);
        thread.start();
        trial = thread;
    }

    private void run() {
        try {
            attention.tryOut();
        } catch (LlamaException | OutOfMemoryError e) {
            LOG.warn("Attention over the cache stays ggml's, since trying another one failed", e);
        }
    }

    /**
     * Leaves a core to the trial, for as long as that computes: ggml's threads wait for each other after every operation, and three on two cores take
     * several times as long as one alone. The decode thread.
     */
    void makeWay(Context context) {
        boolean trying = attention.isComputing();
        if (trying != limited) {
            limited = trying;
            int threads = Math.max(context.threads(), context.threadsBatch());
            int spare = Runtime.getRuntime().availableProcessors() - threads;
            context.limitThreads(trying && spare < 1 ? Math.max(1, threads - 1) : threads);
        }
    }

    /** Waits for the outcome of the trial. */
    void await() throws InterruptedException {
        Thread thread = trial;
        if (thread != null) {
            thread.join();
        }
    }

    /** Breaks the trial off and waits for its end, some hundredths of a second. */
    @Override
    public void close() {
        attention.stop();
        Thread thread = trial;
        boolean interrupted = false;
        while (thread != null && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
