package org.kvant.quantize;

import java.nio.file.Path;
import java.util.List;

/**
 * What quantizing a model has done.
 *
 * @param outputs the files written
 * @param inputBytes size of the input's files
 * @param outputBytes size of the files written
 * @param nanos how long it took, from opening the input to the output being safe on the disk
 */
public record QuantizeResult(QuantizePlan plan, List<Path> outputs, long inputBytes, long outputBytes, long nanos) {
    public QuantizeResult {
        outputs = List.copyOf(outputs);
    }
}
