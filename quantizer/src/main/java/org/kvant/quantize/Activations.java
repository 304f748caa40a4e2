package org.kvant.quantize;

import org.kvant.calibrate.GradientStatistics;
import org.kvant.calibrate.MomentSource;

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
    CORRECTED;

    /**
     * Refuses statistics that do not say what each token counts in each layer.
     *
     * @throws QuantizeException unless matrices are rounded by themselves or the statistics are weighted by gradients
     */
    public void requireOf(MomentSource statistics) throws QuantizeException {
        if (this != MODEL && !(statistics instanceof GradientStatistics)) {
            throw new QuantizeException(
                    statistics.path() + ": does not say what each token counts, which rounding layer"
                            + " after layer needs; make statistics with kvant calibrate --gradient, or leave out --activations "
                            + this);
        }
    }
}
