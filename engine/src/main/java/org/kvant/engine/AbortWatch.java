package org.kvant.engine;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.kvant.llama.Backend;

/**
 * Tells every engine of this process when ggml has given up ({@code GGML_ABORT}). The thread that it happened on never returns, so requests are
 * failed from the thread that brings the news; the process should end soon after.
 */
final class AbortWatch {
    private static final Set<Engine> engines = ConcurrentHashMap.newKeySet();
    private static boolean registered;
    private static volatile boolean aborted;

    private AbortWatch() {}

    static void add(Engine engine, Backend backend) {
        engines.add(engine);
        synchronized (AbortWatch.class) {
            if (!registered) {
                registered = true;
                backend.onAbort(AbortWatch::onAbort);
            }
        }
    }

    static void remove(Engine engine) {
        engines.remove(engine);
    }

    static boolean aborted() {
        return aborted;
    }

    private static void onAbort(String message) {
        aborted = true;
        engines.forEach(engine -> engine.nativeAborted(message));
    }
}
