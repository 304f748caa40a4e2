package org.kvant.engine.host;

import java.nio.file.Path;
import org.kvant.engine.Engine;
import org.kvant.engine.runtime.DecodeThread;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;

/**
 * Where models run: one decode thread that steps them in turn, so that their decodes don't compete for the same cores, and the native library, which is one for
 * a process. Each model is loaded on a thread of its own while the others go on. Thread-safe.
 */
public final class ModelHost implements AutoCloseable {
    private final DecodeThread decoder = new DecodeThread("kvant-decode");

    /**
     * Begins to load a model; returns at once in state LOADING. The caller closes it, before this.
     *
     * @param quota steps that it may take before other models get their turn, at least 1
     */
    public Engine start(Path file, EngineOptions options, EngineListener listener, int quota) {
        return Engine.start(file, options, listener, decoder, quota);
    }

    /** Ends the thread, and every model that wasn't closed, after the decode that is under way. Doesn't wait. */
    @Override
    public void close() {
        decoder.close();
    }
}
