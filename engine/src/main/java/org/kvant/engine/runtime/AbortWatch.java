package org.kvant.engine.runtime;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.kvant.llama.Backend;

/**
 * Tells every engine of this process when ggml has given up ({@code GGML_ABORT}). The thread that it happened on never returns, so requests are
 * failed from the thread that brings the news; the process should end soon after.
 */
public final class AbortWatch {
    private static final Set<Consumer<String>> engines = ConcurrentHashMap.newKeySet();
    private static boolean registered;
    private static volatile boolean aborted;

    private AbortWatch() {}

    /** @param engine gets what ggml said */
    public static void add(Consumer<String> engine, Backend backend) {
        engines.add(engine);
        synchronized (AbortWatch.class) {
            if (!registered) {
                registered = true;
                backend.onAbort(AbortWatch::onAbort);
            }
        }
    }

    public static void remove(Consumer<String> engine) {
        engines.remove(engine);
    }

    public static boolean aborted() {
        return aborted;
    }

    private static void onAbort(String message) {
        aborted = true;
        engines.forEach(engine -> engine.accept(message));
    }
}
