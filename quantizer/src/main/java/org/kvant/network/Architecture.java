package org.kvant.network;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What the architectures differ in; see {@code src/models/} of llama.cpp. */
enum Architecture {
    LLAMA("llama", false, false, false, true),
    QWEN2("qwen2", true, false, false, false),
    QWEN3("qwen3", true, true, false, false),
    QWEN3MOE("qwen3moe", true, true, false, false),
    GEMMA3("gemma3", true, true, true, false);

    private final String label;
    private final boolean splitHalves;
    private final boolean headNorms;
    private final boolean gemma;
    private final boolean allBiases;

    Architecture(String label, boolean splitHalves, boolean headNorms, boolean gemma, boolean allBiases) {
        this.label = label;
        this.splitHalves = splitHalves;
        this.headNorms = headNorms;
        this.gemma = gemma;
        this.allBiases = allBiases;
    }

    /** @throws NetworkException if it is none of these */
    static Architecture of(String name) {
        for (Architecture architecture : values()) {
            if (architecture.label.equals(name)) {
                return architecture;
            }
        }
        throw new NetworkException("architecture '" + name + "' cannot be computed; supported are "
                + Arrays.stream(values()).map(Architecture::label).collect(Collectors.joining(", ")));
    }

    /** The value of {@code general.architecture}. */
    String label() {
        return label;
    }

    /** Whether the rotation takes elements i and i + n/2 together (NEOX), instead of 2i and 2i + 1. */
    boolean splitHalves() {
        return splitHalves;
    }

    /** Whether queries and keys are normed head by head. */
    boolean headNorms() {
        return headNorms;
    }

    /** Scaled embeddings, norms after attention and feed-forward, GELU, sliding windows, a cap on the logits. */
    boolean gemma() {
        return gemma;
    }

    /** Whether the attention's output and the feed-forward may have biases, as queries, keys and values may everywhere. */
    boolean allBiases() {
        return allBiases;
    }

    /** Whether {@code <tensor>.scale} counts in the feed-forward: elsewhere llama.cpp loads and ignores it. */
    boolean feedForwardScales() {
        return this != QWEN2 && this != GEMMA3;
    }
}
