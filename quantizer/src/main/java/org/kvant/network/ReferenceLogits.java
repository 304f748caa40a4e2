package org.kvant.network;

/** The logits that a divergence is measured against; log-probabilities do as well. */
@FunctionalInterface
public interface ReferenceLogits {

    /** @param logits receives {@code rows.count() × vocabulary} */
    void read(Rows rows, float[] logits);
}
