package org.kvant.quantize;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/** The {@code general.file_type} of a model that is there: what it says, or llama.cpp's guess (llama-model-loader.cpp). */
final class FileType {
    private static final String KEY = "general.file_type";

    /** llama.h, {@code LLAMA_FTYPE_GUESSED}. */
    private static final int GUESSED = 1024;

    private static final int NVFP4 = 39;

    private FileType() {}

    /** @param tensors by layer and name, as llama.cpp counts them */
    static long of(Metadata metadata, List<TensorInfo> tensors) throws GgufException {
        if (metadata.get(KEY).isPresent()) {
            return metadata.integer(KEY);
        }
        Map<GgmlType, Integer> counts = new EnumMap<>(GgmlType.class);
        GgmlType most = GgmlType.F32;
        int highest = 0;
        for (TensorInfo tensor : tensors) {
            int count = counts.merge(tensor.type(), 1, Integer::sum);
            if (count > highest) {
                highest = count;
                most = tensor.type();
            }
        }
        return GUESSED | guess(most);
    }

    /** That of the type which most weights get; what llama.cpp would guess, but of weights instead of tensors. */
    static long ofMost(List<TensorInfo> tensors, Map<String, GgmlType> types) {
        Map<GgmlType, Long> weights = new EnumMap<>(GgmlType.class);
        tensors.forEach(t -> weights.merge(types.getOrDefault(t.name(), t.type()), t.elements(), Long::sum));
        return weights.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(most -> guess(most.getKey()))
                .orElse(Preset.F32.fileType());
    }

    private static int guess(GgmlType most) {
        return switch (most) {
            case Q3_K -> Preset.Q3_K_M.fileType();
            case Q4_K -> Preset.Q4_K_M.fileType();
            case Q5_K -> Preset.Q5_K_M.fileType();
            case NVFP4 -> NVFP4;
            case MXFP4 -> Preset.F32.fileType(); // unknown to the guess
            default -> Preset.of(most.label()).map(Preset::fileType).orElse(Preset.F32.fileType());
        };
    }
}
