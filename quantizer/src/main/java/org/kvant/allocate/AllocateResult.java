package org.kvant.allocate;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.quantize.QuantizePlan;
import org.kvant.quantize.QuantizeResult;

/**
 * A model quantized with types chosen for it.
 *
 * @param allocation the choice
 * @param recipe what gives it again, types named one by one
 * @param plan of the file
 * @param written what was written; null for a prediction
 * @param measured the true divergence in nats a token, null if it was not measured
 * @param scoredTokens on which it was measured
 * @param notes what the user should know
 */
public record AllocateResult(
        Allocation allocation,
        Recipe recipe,
        QuantizePlan plan,
        @Nullable QuantizeResult written,
        @Nullable Double measured,
        int scoredTokens,
        List<String> notes) {
    public AllocateResult {
        notes = List.copyOf(notes);
    }
}
