package org.kvant.gguf;

import java.util.ArrayList;
import java.util.List;

/** Which tensors go into which part: the rule of {@code split_strategy} in llama.cpp's {@code gguf-split.cpp}. */
final class SplitPlan {
    private SplitPlan() {}

    static List<List<TensorSpec>> parts(List<TensorSpec> tensors, WriteOptions options) {
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
}
