package org.kvant.engine;

import java.io.IOException;
import java.nio.file.Path;
import org.kvant.llama.Backend;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.ContextSizes;
import org.kvant.llama.Model;

/**
 * What an engine would take, told without taking it: llama.cpp lays out the same context as for an engine and allocates nothing. Confined to the
 * thread that opened it.
 */
public final class MemoryPlanner implements AutoCloseable {
    private final Model model;

    private MemoryPlanner(Model model) {
        this.model = model;
    }

    /**
     * Reads the file's header.
     *
     * @param options how the engine would be set up; its context only counts in {@link #plan}
     * @throws IOException if the file can't be read or used
     */
    public static MemoryPlanner open(Path file, EngineOptions options) throws IOException {
        Backend.load(options.natives());
        return new MemoryPlanner(Model.load(file, options.model().withSizesOnly(true)));
    }

    /** The model's training context in tokens; 0 if the file doesn't say. */
    public int trainContext() {
        return model.trainContext();
    }

    /**
     * The memory of an engine with this context.
     *
     * @throws IllegalArgumentException if the model can't have such a context
     */
    public MemoryPlan plan(ContextOptions context) {
        ContextSizes sizes = model.sizes(LoadedModel.contextOptions(model, context));
        int train = model.trainContext();
        return new MemoryPlan(
                model.weightBytes(),
                sizes.kvBytesK(),
                sizes.kvBytesV(),
                sizes.computeBytes(),
                sizes.contextSize(),
                train > 0 ? Math.min(train, sizes.sequenceLength()) : sizes.sequenceLength());
    }

    @Override
    public void close() {
        model.close();
    }
}
