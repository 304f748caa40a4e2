package org.kvant.engine;

import org.jspecify.annotations.Nullable;
import org.kvant.llama.CacheAttention;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.LlamaException;
import org.kvant.llama.Model;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether attention over the served cache is computed in Java: found out beside the requests, once the engine is ready, since the JVM has to compile
 * the kernel first. Until then, and where it isn't faster, it is ggml's.
 */
final class AttentionChoice implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final CacheAttention attention;
    private @Nullable Thread trial;

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
            log.warn("Attention over the cache stays ggml's, since trying another one failed", e);
        }
    }

    /** Whether the trial is at work just now. */
    boolean computing() {
        return attention.isComputing();
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
