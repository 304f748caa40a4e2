package org.kvant.promptstore;

import java.lang.foreign.Arena;
import org.kvant.llama.state.SavedSequence;

/** A stored prompt with its state in native memory, which closing frees. */
public final class LoadedPrompt implements AutoCloseable {
    private final StoredPrompt prompt;
    private final SavedSequence state;
    private final Arena arena;
    private Runnable freed = () -> {};

    LoadedPrompt(StoredPrompt prompt, SavedSequence state, Arena arena) {
        this.prompt = prompt;
        this.state = state;
        this.arena = arena;
    }

    public StoredPrompt prompt() {
        return prompt;
    }

    /** Has this called when it is closed; before anybody else has it. */
    void whenFreed(Runnable callback) {
        freed = callback;
    }

    /** As the library gave it. */
    public SavedSequence state() {
        return state;
    }

    @Override
    public void close() {
        arena.close();
        freed.run();
    }
}
