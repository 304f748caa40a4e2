package org.kvant.llama.modelfile;

import java.util.Objects;
import org.kvant.llama.Model;

/**
 * How a model is loaded.
 *
 * @param gpuLayers layers to put on GPUs; negative for all, 0 for none
 * @param loadMode how the weights get into memory
 * @param vocabularyOnly whether to load the tokenizer without the weights; no context can be made then
 * @param checkTensors whether to look for invalid numbers in all weights while loading; slower
 * @param repackWeights whether weights may be copied into a layout that this CPU computes on faster, at the price of
 *     memory
 * @param progress told how far loading is
 * @param sizesOnly whether only {@link Model#sizes} is wanted: neither weights are read nor memory is taken ({@code no_alloc} in llama.h), and no
 *     context can be made
 */
public record ModelOptions(
        int gpuLayers,
        LoadMode loadMode,
        boolean vocabularyOnly,
        boolean checkTensors,
        boolean repackWeights,
        LoadProgress progress,
        boolean sizesOnly) {
    public ModelOptions {
        Objects.requireNonNull(loadMode, "loadMode");
        Objects.requireNonNull(progress, "progress");
    }

    /** Everything on the GPU if there is one, llama.cpp's own choice of load mode. */
    public static ModelOptions defaults() {
        return new ModelOptions(-1, LoadMode.AUTO, false, false, true, LoadProgress.NONE, false);
    }

    public ModelOptions withGpuLayers(int layers) {
        return new ModelOptions(layers, loadMode, vocabularyOnly, checkTensors, repackWeights, progress, sizesOnly);
    }

    public ModelOptions withLoadMode(LoadMode mode) {
        return new ModelOptions(gpuLayers, mode, vocabularyOnly, checkTensors, repackWeights, progress, sizesOnly);
    }

    public ModelOptions withVocabularyOnly(boolean only) {
        return new ModelOptions(gpuLayers, loadMode, only, checkTensors, repackWeights, progress, sizesOnly);
    }

    public ModelOptions withRepackWeights(boolean repack) {
        return new ModelOptions(gpuLayers, loadMode, vocabularyOnly, checkTensors, repack, progress, sizesOnly);
    }

    public ModelOptions withProgress(LoadProgress listener) {
        return new ModelOptions(gpuLayers, loadMode, vocabularyOnly, checkTensors, repackWeights, listener, sizesOnly);
    }

    public ModelOptions withSizesOnly(boolean only) {
        return new ModelOptions(gpuLayers, loadMode, vocabularyOnly, checkTensors, repackWeights, progress, only);
    }
}
