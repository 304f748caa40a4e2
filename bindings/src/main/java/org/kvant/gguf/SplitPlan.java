package org.kvant.gguf;

import java.util.ArrayList;
import java.util.List;

/** Which tensors go into which part: the rule of {@code split_strategy} in llama.cpp's {@code gguf-split.cpp}. */
final class SplitPlan {
    private SplitPlan() {}

    static List<List<TensorSpec>> parts(List<TensorSpec> tensors, WriteOptions options) {
        if (!options.tensorsPerPart().isEmpty()) {
            return given(tensors, options.tensorsPerPart());
        }
        List<List<TensorSpec>> parts = new ArrayList<>();
        List<TensorSpec> current = new ArrayList<>();
        parts.add(current);
        long currentBytes = 0;
        for (TensorSpec tensor : tensors) {
            long bytes = GgufParser.padded(tensor.bytes(), GgufParser.DEFAULT_ALIGNMENT);
            boolean tooLarge = options.splitMaxBytes() > 0 && currentBytes + bytes > options.splitMaxBytes();
            boolean tooMany = options.splitMaxTensors() > 0 && current.size() == options.splitMaxTensors();
            if (!current.isEmpty() && (tooLarge || tooMany)) {
                current = new ArrayList<>();
                parts.add(current);
                currentBytes = 0;
            }
            current.add(tensor);
            currentBytes += bytes;
        }
        return parts;
    }

    private static List<List<TensorSpec>> given(List<TensorSpec> tensors, List<Integer> counts) {
        List<List<TensorSpec>> parts = new ArrayList<>();
        int from = 0;
        for (int count : counts) {
            if (count < 0 || count > tensors.size() - from) {
                throw new IllegalArgumentException(
                        "parts of " + counts + " tensors do not add up to " + tensors.size());
            }
            parts.add(tensors.subList(from, from + count));
            from += count;
        }
        if (from != tensors.size()) {
            throw new IllegalArgumentException("parts of " + counts + " tensors do not add up to " + tensors.size());
        }
        return parts;
    }
}
