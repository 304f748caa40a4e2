package org.kvant.quantize;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.Metadata;

/**
 * What quantizing a model will do.
 *
 * @param input the model's first file
 * @param metadata the output's
 * @param tensors in the order in which they are written
 * @param tensorsPerPart how many go into each file, if the input's cut is kept; else empty
 * @param imatrix the importance in use, without what the options leave out
 * @param obstacles why it can't be carried out, if anything: a plan can be looked at all the same
 * @param notes what the user should know
 */
public record QuantizePlan(
        Path input,
        Metadata metadata,
        List<PlannedTensor> tensors,
        List<Integer> tensorsPerPart,
        @Nullable Imatrix imatrix,
        List<String> obstacles,
        List<String> notes) {

    public QuantizePlan {
        tensors = List.copyOf(tensors);
        tensorsPerPart = List.copyOf(tensorsPerPart);
        obstacles = List.copyOf(obstacles);
        notes = List.copyOf(notes);
    }

    /** Number of weights. */
    public long elements() {
        return tensors.stream().mapToLong(t -> t.source().elements()).sum();
    }

    /** Bytes of the input's tensors. */
    public long sourceBytes() {
        return tensors.stream().mapToLong(t -> t.source().bytes()).sum();
    }

    /** Bytes of the output's tensors, without padding. */
    public long bytes() {
        return tensors.stream().mapToLong(PlannedTensor::bytes).sum();
    }

    /** Bits a weight takes on average in the output. */
    public double bitsPerWeight() {
        return 8.0 * bytes() / Math.max(1, elements());
    }

    /** Bits a weight takes on average in the input. */
    public double sourceBitsPerWeight() {
        return 8.0 * sourceBytes() / Math.max(1, elements());
    }
}
