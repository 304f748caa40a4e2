package org.kvant.quantize;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/** Plans types that were chosen elsewhere. */
record AssignedTypes(Map<String, GgmlType> types) implements TypePlanner {
    @Override
    public List<PlannedTensor> plan(Metadata metadata, List<TensorInfo> tensors) throws QuantizeException {
        List<PlannedTensor> planned = new ArrayList<>();
        for (TensorInfo tensor : tensors) {
            GgmlType type = types.getOrDefault(tensor.name(), tensor.type());
            if (tensor.columns() % type.blockSize() != 0) {
                throw new QuantizeException("tensor " + tensor.name() + ": its rows of " + tensor.columns()
                        + " values do not divide into " + type.label() + " blocks of " + type.blockSize()
                        + "; choose a type with smaller blocks for it, such as q8_0 or f16");
            }
            planned.add(new PlannedTensor(tensor, type, type, false));
        }
        return planned;
    }
}
