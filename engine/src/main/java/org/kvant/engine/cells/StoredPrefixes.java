package org.kvant.engine.cells;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.llama.Context;
import org.kvant.llama.Memory;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SavedSequence;
import org.kvant.promptstore.Fingerprint;
import org.kvant.promptstore.LoadedPrompt;
import org.kvant.promptstore.PromptStore;
import org.kvant.promptstore.PromptStoreFigures;
import org.kvant.promptstore.PromptStoreOptions;
import org.kvant.promptstore.StoredPrompt;

/**
 * Keeps what idle sequences hold in files before it goes, and gets it back for requests that begin alike. Only copying between the cache and other
 * memory happens on the decode thread, to which this belongs; files are read and written beside it, and a request whose beginning is being read waits
 * in the queue.
 */
public final class StoredPrefixes implements AutoCloseable {
    /** Computing fewer tokens again is cheaper than a file. */
    private static final int WORTH_KEEPING = 64;

    private final PromptStore store;
    private final Memory memory;
    private final boolean rewindable;
    private final Runnable wake;

    private StoredPrefixes(PromptStore store, Context context, Runnable wake) {
        this.store = store;
        this.wake = wake;
        memory = context.memory();
        rewindable = context.model().slidingWindow() == 0 && !context.model().recurrent();
    }

    /**
     * Opens the folder that the options name; null without one.
     *
     * @param library version of the native library, which the states' form depends on
     * @param wake called when a prompt that was waited for is there
     * @throws IOException if it can't be used
     */
    public static @Nullable StoredPrefixes open(EngineOptions options, Context context, String library, Runnable wake)
            throws IOException {
        PromptStoreOptions wanted = options.promptCache();
        if (wanted == null) {
            return null;
        }
        String layout = String.join(
                " ",
                library,
                context.cacheTypeK().ggmlName(),
                options.context().cacheTypeV().ggmlName(),
                options.context().flashAttention().name(),
                // A state has a part for each buffer, empty but for its own.
                Integer.toString(context.kvUnified() ? 1 : context.maxSequences()),
                Boolean.toString(options.context().fullSwaCache()),
                // With it llama.cpp doesn't rotate what a quantized cache holds (llama-kv-cache.cpp).
                String.valueOf(System.getenv("LLAMA_ATTN_ROT_DISABLE")));
        PromptStore store =
                PromptStore.open(wanted, Fingerprint.of(context.model().path(), layout));
        LOG.info("{} prompts in {}", store.size(), wanted.folder());
        return new StoredPrefixes(store, context, wake);
    }

    /** What the files hold and what happened to them; any thread. */
    public PromptStoreFigures figures() {
        return store.figures();
    }

    /** Keeps an idle sequence's cells, unless most of them are kept already or in another sequence. They may be lost afterwards. */
    void keep(PrefixCache cache, Slot slot) {
        int size = Math.min(slot.cells, slot.exact);
        if (size < WORTH_KEEPING) {
            return;
        }
        int[] tokens = slot.tokens.first(size);
        int known = store.known(tokens, slot.salt);
        for (Slot other : cache.slots()) {
            if (other != slot && other.salt.equals(slot.salt)) {
                int there = Math.min(other.cells, other.exact);
                known = Math.max(known, Math.min(there, other.tokens.commonPrefix(tokens, size)));
            }
        }
        if (size - known < WORTH_KEEPING) {
            return;
        }
        cache.truncate(slot, size);
        if (slot.cells == size) {
            save(slot, tokens);
        }
    }

    // The arena goes with the state to whom writes it.
    @SuppressWarnings("MustBeClosedChecker")
    private void save(Slot slot, int[] tokens) {
        Arena arena = Arena.ofShared();
        boolean handed = false;
        try {
            long bytes = memory.stateSize(slot.sequence);
            if (store.accepts(tokens.length, bytes)) {
                SavedSequence state = memory.save(slot.sequence, arena);
                store.save(tokens, slot.salt, state, arena);
                handed = true;
            } else {
                store.counts().skipped();
            }
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException | OutOfMemoryError e) {
            store.counts().writeFailed();
            LOG.warn("A prompt of {} tokens can't be kept: {}", tokens.length, e.getMessage());
        } finally {
            if (!handed) {
                arena.close();
            }
        }
    }

    /**
     * Whether a request must wait because its beginning is being read.
     *
     * @param length tokens that it would have without
     */
    public boolean reading(SlotOwner request, int length) {
        if (request.stored().ask()) {
            int useful = request.tokens().size() - 1;
            if (request.mayReuse() && useful - length >= WORTH_KEEPING) {
                request.stored().begin(find(request, length, useful));
            }
        }
        return request.stored().underWay();
    }

    private @Nullable CompletableFuture<@Nullable LoadedPrompt> find(SlotOwner request, int length, int useful) {
        StoredPrompt prompt = store.find(
                request.tokens().first(useful),
                useful,
                request.work().cacheSalt(),
                length + WORTH_KEEPING - 1,
                !rewindable);
        store.counts().lookedUp(useful - length, prompt != null);
        return prompt == null ? null : store.load(prompt, wake);
    }

    /** Puts what was read for a request into its sequence, if that is still more than the sequence has of it. */
    public void restore(PrefixCache cache, Slot slot, SlotOwner request) {
        CompletableFuture<@Nullable LoadedPrompt> stored = request.stored().take();
        if (stored == null) {
            return;
        }
        try (LoadedPrompt loaded = stored.join()) {
            if (loaded == null) {
                return;
            }
            int length = loaded.prompt().length();
            int common = loaded.prompt()
                    .common(request.tokens().first(request.tokens().size() - 1));
            if (common - slot.cells < WORTH_KEEPING) {
                return;
            }
            int before = slot.cells;
            cache.truncate(slot, 0);
            if (memory.restore(slot.sequence, loaded.state()) && memory.maxPosition(slot.sequence) == length - 1) {
                slot.cells = length;
                cache.truncate(slot, common);
                store.counts().restored(Math.max(0, slot.cells - before));
            } else {
                store.counts().restoreFailed();
                memory.remove(slot.sequence);
                LOG.debug(
                        "Request {}: its stored prompt doesn't fit now",
                        request.work().id());
            }
        }
    }

    /** Waits until all is written. */
    @Override
    public void close() {
        store.close();
    }
}
