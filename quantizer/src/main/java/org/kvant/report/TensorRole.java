package org.kvant.report;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a tensor belongs.
 *
 * @param layer block number, or -1 outside the blocks
 * @param name the rest of the name, without {@code .weight}
 */
record TensorRole(int layer, String name) {
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,6})\\.(.+)");

    static TensorRole of(String tensor) {
        String name = tensor.endsWith(".weight") ? tensor.substring(0, tensor.length() - 7) : tensor;
        Optional<Matcher> block = Optional.of(BLOCK.matcher(name)).filter(Matcher::matches);
        return block.map(m -> new TensorRole(Integer.parseInt(m.group(1)), m.group(2)))
                .orElseGet(() -> new TensorRole(-1, name));
    }

    /** Sorts as the model computes: embeddings, the layers, the rest. */
    int place() {
        if (layer >= 0) {
            return layer;
        }
        return name.startsWith("output") ? Integer.MAX_VALUE : -1;
    }
}
