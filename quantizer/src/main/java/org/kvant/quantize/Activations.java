package org.kvant.quantize;

/** On which activations matrices are rounded. */
public enum Activations {
    /** On those of the model that is quantized: every matrix by itself. */
    MODEL,

    /** Layer after layer, on what the layers that are rounded already hand on (Frantar et al. 2022). */
    QUANTIZED,

    /**
     * As {@link #QUANTIZED}, and towards the outputs that the matrix had on the model's own activations: weights make up for errors of their
     * inputs, where held-out tokens agree (GPTAQ, Li et al. 2025).
     */
    CORRECTED
}
