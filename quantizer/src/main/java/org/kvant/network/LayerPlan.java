package org.kvant.network;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A layer's tensors. Names of norms and biases are null where the layer has none.
 *
 * @param router null in a layer without experts
 */
record LayerPlan(
        int index,
        int heads,
        int kvHeads,
        boolean sliding,
        String attentionNorm,
        Linear query,
        Linear key,
        Linear value,
        Linear output,
        @Nullable String queryNorm,
        @Nullable String keyNorm,
        @Nullable String postAttentionNorm,
        String feedForwardNorm,
        @Nullable String postFeedForwardNorm,
        @Nullable Linear router,
        Linear gate,
        Linear up,
        Linear down,
        @Nullable String ropeFactors) {

    List<Linear> linears() {
        return router == null
                ? List.of(query, key, value, output, gate, up, down)
                : List.of(query, key, value, output, router, gate, up, down);
    }
}
