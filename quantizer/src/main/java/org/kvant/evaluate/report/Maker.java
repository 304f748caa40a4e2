package org.kvant.evaluate.report;

import org.kvant.gguf.GgufFile;

/** What made a file, as far as its metadata tell. */
public enum Maker {
    /** Keys {@code kvant.*}. */
    KVANT("kvant", "kvant"),
    /** Keys {@code quantize.imatrix.*} of llama-quantize or {@code kvant quantize} with a preset. */
    PRESET_IMATRIX("preset", "llama-quantize preset with imatrix"),
    /** Quantized, nothing else known. */
    PRESET("preset", "llama-quantize preset"),
    /** No quantized tensor. */
    FULL("full", "full precision");

    private final String cssClass;
    private final String label;

    Maker(String cssClass, String label) {
        this.cssClass = cssClass;
        this.label = label;
    }

    String cssClass() {
        return cssClass;
    }

    String label() {
        return label;
    }

    static Maker of(GgufFile file) {
        if (file.metadata().keys().stream().anyMatch(key -> key.startsWith("kvant."))) {
            return KVANT;
        }
        if (file.tensors().stream().noneMatch(tensor -> tensor.type().quantized())) {
            return FULL;
        }
        return file.metadata().has("quantize.imatrix.file") || file.metadata().has("quantize.imatrix.entries_count")
                ? PRESET_IMATRIX
                : PRESET;
    }
}
