package org.kvant.gguf;

import java.nio.file.Path;
import java.util.List;

/**
 * How to write a file.
 *
 * @param splitMaxBytes most bytes of tensor data in one part, as {@code llama-gguf-split --split-max-size} counts them (headers not counted);
 *     a larger tensor gets a part of its own; 0 for no limit
 * @param splitMaxTensors most tensors in one part; 0 for no limit
 * @param inputs files that are being read for this: writing onto one of them is refused
 */
public record WriteOptions(long splitMaxBytes, int splitMaxTensors, List<Path> inputs) {
    /** One file. */
    public static final WriteOptions SINGLE = new WriteOptions(0, 0);

    public WriteOptions {
        if (splitMaxBytes < 0 || splitMaxTensors < 0) {
            throw new IllegalArgumentException(
                    "a limit is negative: " + splitMaxBytes + " bytes, " + splitMaxTensors + " tensors");
        }
        inputs = List.copyOf(inputs);
    }

    public WriteOptions(long splitMaxBytes, int splitMaxTensors) {
        this(splitMaxBytes, splitMaxTensors, List.of());
    }

    /** The same with these inputs. */
    public WriteOptions withInputs(List<Path> files) {
        return new WriteOptions(splitMaxBytes, splitMaxTensors, files);
    }
}
