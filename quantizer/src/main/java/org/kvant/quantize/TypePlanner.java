package org.kvant.quantize;

import java.util.List;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/** The first stage: decides the type of every tensor of a model. */
public interface TypePlanner {
    /**
     * @param metadata the model's
     * @param tensors in the order in which they will be written
     * @return one entry a tensor, in the same order
     * @throws QuantizeException if a tensor can't have the type asked for
     */
    List<PlannedTensor> plan(Metadata metadata, List<TensorInfo> tensors) throws java.io.IOException;
}
