package org.kvant.llama.modelfile;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgufFile;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.ffi.llama_model_params;
import org.kvant.llama.ffi.llama_progress_callback;
import org.kvant.llama.library.NativeAbort;
import org.kvant.llama.library.NativeHandle;
import org.kvant.llama.library.NativeLog;

/** One call of llama.cpp's loader for a file that has been checked. */
public final class ModelLoader {
    private final Path file;
    private final List<Path> parts;
    private final ModelOptions options;
    private @Nullable Throwable stopped;

    public ModelLoader(GgufFile gguf, ModelOptions options) {
        this.file = gguf.path();
        this.parts = gguf.parts();
        this.options = options;
    }

    public NativeHandle load() throws IOException {
        try (Arena arena = Arena.ofConfined();
                NativeLog.Capture said = new NativeLog.Capture()) {
            MemorySegment paths = arena.allocate(ValueLayout.ADDRESS, parts.size());
            for (int i = 0; i < parts.size(); i++) {
                paths.setAtIndex(
                        ValueLayout.ADDRESS,
                        i,
                        arena.allocateFrom(parts.get(i).toAbsolutePath().toString()));
            }
            MemorySegment model = llama_h.llama_model_load_from_splits(paths, parts.size(), parameters(arena));
            NativeAbort.check();
            if (!model.equals(MemorySegment.NULL)) {
                return new NativeHandle(model);
            }
            switch (stopped) {
                case null ->
                    throw new ModelLoadException(
                            file, "llama.cpp cannot load it: " + said.problemsOr("no reason given"));
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new ModelLoadException(file, "loading was stopped", e);
            }
        }
    }

    private MemorySegment parameters(Arena arena) {
        MemorySegment p = llama_h.llama_model_default_params(arena);
        llama_model_params.n_gpu_layers(p, options.gpuLayers());
        // llama.cpp asserts that nothing is mapped when nothing is allocated.
        LoadMode mode = options.sizesOnly() ? LoadMode.READ : options.loadMode();
        llama_model_params.load_mode(p, mode.nativeValue());
        llama_model_params.no_alloc(p, options.sizesOnly());
        llama_model_params.vocab_only(p, options.vocabularyOnly());
        llama_model_params.check_tensors(p, options.checkTensors());
        llama_model_params.use_extra_bufts(p, options.repackWeights());
        llama_model_params.progress_callback(p, llama_progress_callback.allocate(this::progress, arena));
        return p;
    }

    /** Called by llama.cpp on the loading thread; false stops the loading. */
    private boolean progress(float fraction, MemorySegment userData) {
        try {
            options.progress().loaded(Math.clamp(fraction, 0.0f, 1.0f));
            return true;
        } catch (Throwable t) {
            stopped = t; // An exception thrown through native code would end the JVM.
            return false;
        }
    }
}
