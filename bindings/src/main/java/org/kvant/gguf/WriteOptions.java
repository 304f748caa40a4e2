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
 * @param tensorsPerPart how many tensors each part gets, in place of the limits; empty to go by the limits
 */
public record WriteOptions(long splitMaxBytes, int splitMaxTensors, List<Path> inputs, List<Integer> tensorsPerPart) {
    /** One file. */
    public static final WriteOptions SINGLE = new WriteOptions(0, 0);

    public WriteOptions {
        if (splitMaxBytes < 0 || splitMaxTensors < 0) {
            throw new IllegalArgumentException(
                    "a limit is negative: " + splitMaxBytes + " bytes, " + splitMaxTensors + " tensors");
        }
        inputs = List.copyOf(inputs);
        tensorsPerPart = List.copyOf(tensorsPerPart);
    }

    public WriteOptions(long splitMaxBytes, int splitMaxTensors, List<Path> inputs) {
        this(splitMaxBytes, splitMaxTensors, inputs, List.of());
    }

    public WriteOptions(long splitMaxBytes, int splitMaxTensors) {
        this(splitMaxBytes, splitMaxTensors, List.of());
    }

    /** The same with these inputs. */
    public WriteOptions withInputs(List<Path> files) {
        return new WriteOptions(splitMaxBytes, splitMaxTensors, files, tensorsPerPart);
    }

    /** The same with the parts given. */
    public WriteOptions withTensorsPerPart(List<Integer> counts) {
        return new WriteOptions(splitMaxBytes, splitMaxTensors, inputs, counts);
    }
}
