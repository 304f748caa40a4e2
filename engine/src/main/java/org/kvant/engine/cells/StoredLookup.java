package org.kvant.engine.cells;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kvant.promptstore.LoadedPrompt;

/** A request's stored prefix on its way from a file. Belongs to the decode thread; only the file is read elsewhere. */
public final class StoredLookup {
    private boolean asked;
    private @Nullable CompletableFuture<@Nullable LoadedPrompt> reading;

    /** True once: a request is looked up when it first comes to its turn. */
    boolean ask() {
        boolean first = !asked;
        asked = true;
        return first;
    }

    void begin(@Nullable CompletableFuture<@Nullable LoadedPrompt> prompt) {
        reading = prompt;
    }

    boolean underWay() {
        return reading != null && !reading.isDone();
    }

    /** What is being read, which from now on is the caller's to close. */
    @Nullable
    CompletableFuture<@Nullable LoadedPrompt> take() {
        CompletableFuture<@Nullable LoadedPrompt> taken = reading;
        reading = null;
        return taken;
    }

    /** Frees what was read for a request that ends before it began. */
    public void drop() {
        CompletableFuture<@Nullable LoadedPrompt> taken = take();
        if (taken != null) {
            var unused = taken.thenAccept(loaded -> {
                if (loaded != null) {
                    loaded.close();
                }
            });
        }
    }
}
