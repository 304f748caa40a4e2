package org.kvant.model;

import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;

/**
 * Which layers attend over a sliding window only, by {@code load_arch_hparams} of each architecture in llama.cpp.
 *
 * @param size tokens in the window; 0 if no layer has one
 * @param layers for each layer whether it has the window
 * @param headDimK length of a key in those layers
 * @param headDimV length of a value in those layers
 */
public record SlidingWindow(int size, boolean[] layers, int headDimK, int headDimV) {

    /**
     * How an architecture places its windows unless the file has a pattern.
     *
     * @param period every how many layers there is one without window
     * @param denseFirst whether that is the first of the period rather than the last
     * @param defaultSize window size if the file has none; 0 if there is no window then
     */
    private record Pattern(int period, boolean denseFirst, int defaultSize) {}

    static SlidingWindow of(Metadata metadata, String arch, int layers, int headDimK, int headDimV)
            throws GgufException {
        String sizeKey = arch + ".attention.sliding_window";
        String patternKey = arch + ".attention.sliding_window_pattern";
        Pattern pattern = pattern(arch, layers);
        boolean[] windowed = new boolean[layers];
        int size =
                metadata.has(sizeKey) ? HyperParameters.ranged(metadata, sizeKey, 0, 1 << 24) : pattern.defaultSize();
        if (size > 0 && metadata.get(patternKey).orElse(null) instanceof MetaArray array) {
            readLayers(array, patternKey, windowed);
        } else if (size > 0) {
            int period = metadata.has(patternKey)
                    ? HyperParameters.ranged(metadata, patternKey, 0, HyperParameters.MAX_LAYERS)
                    : pattern.period();
            if (pattern.period() > 0) {
                place(windowed, period, pattern.denseFirst());
            }
        }
        SlidingWindow window = new SlidingWindow(
                size,
                windowed,
                swaLength(metadata, arch + ".attention.key_length_swa", headDimK),
                swaLength(metadata, arch + ".attention.value_length_swa", headDimV));
        if (size > 0 && pattern.period() > 0 && !window.any()) {
            throw HyperParameters.bad(patternKey, "leaves no layer with the window of " + size + " tokens");
        }
        return window;
    }

    private static int swaLength(Metadata metadata, String key, int otherwise) throws GgufException {
        return metadata.has(key) ? HyperParameters.ranged(metadata, key, 1, 1 << 24) : otherwise;
    }

    private static Pattern pattern(String arch, int layers) {
        return switch (arch) {
            case "gemma2" -> new Pattern(2, false, 4096);
            case "gemma3", "lfm2" -> new Pattern(6, false, 0);
            case "gemma3n" -> new Pattern(5, false, 0);
            case "cohere2", "olmo2", "mellum", "afmoe" -> new Pattern(4, false, 0);
            case "gpt-oss" -> new Pattern(2, false, 0);
            case "exaone4" -> layers == 64 ? new Pattern(4, false, 4096) : new Pattern(0, false, 0);
            case "llama4" -> new Pattern(4, false, 8192);
            case "gemma4" -> new Pattern(1, false, 0); // the file has the pattern
            case "plamo3" -> new Pattern(8, false, 0);
            case "smallthinker" -> new Pattern(4, true, 0);
            default -> new Pattern(0, false, 0);
        };
    }

    /** {@code llama_hparams::set_swa_pattern}. */
    private static void place(boolean[] windowed, int period, boolean denseFirst) {
        for (int i = 0; i < windowed.length; i++) {
            windowed[i] = period == 0 || (denseFirst ? i % period != 0 : i % period < period - 1);
        }
    }

    private static void readLayers(MetaArray array, String key, boolean[] windowed) throws GgufException {
        if (array.size() < windowed.length) {
            throw HyperParameters.bad(key, "has " + array.size() + " values for " + windowed.length + " layers");
        }
        for (int i = 0; i < windowed.length; i++) {
            windowed[i] = switch (array.get(i)) {
                case MetaValue.Bool b -> b.value();
                case MetaValue.I32 n -> n.value() != 0;
                case MetaValue.U32 n -> n.value() != 0;
                default -> throw HyperParameters.bad(key, "is an array of neither bool nor 32-bit integers");
            };
        }
    }

    public boolean any() {
        for (boolean layer : layers) {
            if (layer) {
                return true;
            }
        }
        return false;
    }
}
