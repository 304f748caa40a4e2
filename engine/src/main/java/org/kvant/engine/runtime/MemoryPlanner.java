package org.kvant.engine.runtime;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.settings.DraftOptions;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.settings.EngineSetupException;
import org.kvant.engine.speculation.DraftModel;
import org.kvant.engine.speculation.DraftVocabulary;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.llama.Backend;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.ContextSizes;
import org.kvant.llama.Model;
import org.kvant.llama.modelfile.ModelOptions;

/**
 * What an engine would take, told without taking it: llama.cpp lays out the same contexts as for an engine and allocates nothing. Confined to the
 * thread that opened it.
 */
public final class MemoryPlanner implements AutoCloseable {
    private final Model model;
    private final EngineOptions options;
    private final @Nullable Model draft;

    private MemoryPlanner(Model model, EngineOptions options, @Nullable Model draft) {
        this.model = model;
        this.options = options;
        this.draft = draft;
    }

    /**
     * Reads the headers of the file and of the draft model's, if the options have one.
     *
     * @param options how the engine would be set up; its context only counts in {@link #plan}
     * @throws EngineSetupException if the draft model can't guess for that model
     * @throws IOException if a file can't be read or used
     */
    public static MemoryPlanner open(Path file, EngineOptions options) throws IOException {
        Backend.load(options.natives());
        ModelOptions sizes = options.model().withSizesOnly(true);
        Model model = Model.load(file, sizes);
        try {
            DraftOptions draft = options.draft();
            return new MemoryPlanner(model, options, draft == null ? null : draft(draft, sizes, model));
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static Model draft(DraftOptions options, ModelOptions sizes, Model served) throws IOException {
        DraftModel.checkServed(served);
        Model draft = Model.load(options.model(), sizes);
        try {
            DraftVocabulary.check(served, draft);
            return draft;
        } catch (IOException | RuntimeException e) {
            draft.close();
            throw e;
        }
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
        ContextOptions engine = ContextSizing.of(model, context);
        ContextSizes sizes = model.sizes(engine);
        int train = model.trainContext();
        return new MemoryPlan(
                model.weightBytes(),
                sizes.kvBytesK(),
                sizes.kvBytesV(),
                sizes.computeBytes(),
                draft == null ? ModelMemory.NONE : draftMemory(draft, engine, sizes),
                scratchMemory(engine, sizes),
                sizes.contextSize(),
                train > 0 ? Math.min(train, sizes.sequenceLength()) : sizes.sequenceLength());
    }

    private ModelMemory scratchMemory(ContextOptions engine, ContextSizes host) {
        ContextOptions scratch = PromptScratch.options(
                model,
                options.toBuilder().context(engine).build(),
                host.sequenceLength(),
                Math.min(engine.batchSize(), host.contextSize()),
                Math.min(engine.ubatchSize(), host.contextSize()));
        if (scratch == null) {
            return ModelMemory.NONE;
        }
        ContextSizes sizes = model.sizes(scratch);
        return new ModelMemory(0, sizes.kvBytesK(), sizes.kvBytesV(), sizes.computeBytes());
    }

    private static ModelMemory draftMemory(Model draft, ContextOptions engine, ContextSizes host) {
        ContextSizes sizes = draft.sizes(DraftModel.contextOptions(
                host.contextSize(),
                engine.maxSequences(),
                engine.batchSize(),
                engine.ubatchSize(),
                engine.kvUnified()));
        return new ModelMemory(draft.weightBytes(), sizes.kvBytesK(), sizes.kvBytesV(), sizes.computeBytes());
    }

    @Override
    public void close() {
        if (draft != null) {
            draft.close();
        }
        model.close();
    }
}
