package org.kvant.report;

import org.kvant.gguf.GgufFile;

/** What made a file, as far as its metadata tell, and how it is drawn. */
public enum Maker {
    /** Key {@code kvant.recipe}: types chosen by what they cost, rounding calibrated. */
    KVANT("kvant", "kvant, types chosen"),
    /** Other keys {@code kvant.*}: calibrated rounding at a preset's types. */
    KVANT_PRESET("kvant", "kvant, a preset's types"),
    /** Keys {@code quantize.imatrix.*} of llama-quantize or {@code kvant quantize} with a preset. */
    PRESET_IMATRIX("preset", "importance matrix (llama-quantize)"),
    /** Quantized, nothing else known. */
    PRESET("preset", "quantized without an importance matrix"),
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

    /** The mark in a plot. Different shapes, so that colour is not needed to tell makers apart. */
    String shape(double x, double y) {
        String form = this == KVANT_PRESET || this == PRESET ? " class=\"hollow\"" : "";
        return switch (this) {
            case KVANT, KVANT_PRESET ->
                Html.format("<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>", form, x, y, form.isEmpty() ? "6" : "5");
            case PRESET_IMATRIX, PRESET ->
                Html.format("<rect%s x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>", form, x - 5, y - 5);
            case FULL -> Html.format("<path d=\"M%.1f %.1fl6.5 11h-13z\"/>", x, y - 7);
        };
    }

    static Maker of(GgufFile file) {
        if (file.metadata().has("kvant.recipe")) {
            return KVANT;
        }
        if (file.metadata().keys().stream().anyMatch(key -> key.startsWith("kvant."))) {
            return KVANT_PRESET;
        }
        if (file.tensors().stream().noneMatch(tensor -> tensor.type().quantized())) {
            return FULL;
        }
        return file.metadata().has("quantize.imatrix.file") || file.metadata().has("quantize.imatrix.entries_count")
                ? PRESET_IMATRIX
                : PRESET;
    }
}
