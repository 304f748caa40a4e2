package org.kvant.quantize;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * What to quantize and how.
 *
 * @param input a GGUF file, of a split one the first part
 * @param output the file to write; of a split one its name without the part numbers
 * @param types the choice of types
 * @param imatrix an importance matrix to weigh the rounding with
 * @param includeWeights use the importance of tensors whose name contains one of these only; empty for all
 * @param excludeWeights leave out the importance of tensors whose name contains one of these
 * @param allowRequantize whether tensors that are quantized already may be quantized again
 * @param overrides metadata to set
 * @param split how to cut the output
 * @param threads how many work
 * @param statistics a file of {@link org.kvant.calibrate.GradientCalibrator} to round under; null to round to nearest
 * @param assignment types chosen elsewhere, in place of a preset's; or null
 */
public record QuantizeOptions(
        Path input,
        Path output,
        Types types,
        @Nullable Path imatrix,
        List<String> includeWeights,
        List<String> excludeWeights,
        boolean allowRequantize,
        List<KvOverride> overrides,
        Split split,
        int threads,
        @Nullable Path statistics,
        @Nullable Assignment assignment) {

    public QuantizeOptions {
        includeWeights = List.copyOf(includeWeights);
        excludeWeights = List.copyOf(excludeWeights);
        overrides = List.copyOf(overrides);
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        if (!includeWeights.isEmpty() && !excludeWeights.isEmpty()) {
            throw new IllegalArgumentException("either include weights or exclude weights, not both");
        }
    }

    /** A preset as it is, on all cores. */
    public static QuantizeOptions of(Path input, Path output, Preset preset) {
        return new QuantizeOptions(
                input,
                output,
                Types.of(preset),
                null,
                List.of(),
                List.of(),
                false,
                List.of(),
                Split.NONE,
                Runtime.getRuntime().availableProcessors(),
                null,
                null);
    }

    /** The same with other types. */
    public QuantizeOptions withTypes(Types other) {
        return new QuantizeOptions(
                input,
                output,
                other,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                split,
                threads,
                statistics,
                assignment);
    }

    /** The same with an importance matrix. */
    public QuantizeOptions withImatrix(@Nullable Path file, List<String> include, List<String> exclude) {
        return new QuantizeOptions(
                input,
                output,
                types,
                file,
                include,
                exclude,
                allowRequantize,
                overrides,
                split,
                threads,
                statistics,
                assignment);
    }

    /** The same, allowing already quantized tensors to be quantized again or not. */
    public QuantizeOptions withRequantize(boolean allowed) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowed,
                overrides,
                split,
                threads,
                statistics,
                assignment);
    }

    /** The same with metadata to set. */
    public QuantizeOptions withOverrides(List<KvOverride> others) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                others,
                split,
                threads,
                statistics,
                assignment);
    }

    /** The same, cut so. */
    public QuantizeOptions withSplit(Split other) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                other,
                threads,
                statistics,
                assignment);
    }

    /** The same with so many threads. */
    public QuantizeOptions withThreads(int count) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                split,
                count,
                statistics,
                assignment);
    }

    /** The same, rounded under a calibration. */
    public QuantizeOptions withStatistics(@Nullable Path file) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                split,
                threads,
                file,
                assignment);
    }

    /** The same, written elsewhere. */
    public QuantizeOptions withOutput(Path file) {
        return new QuantizeOptions(
                input,
                file,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                split,
                threads,
                statistics,
                assignment);
    }

    /** The same with types chosen elsewhere. */
    public QuantizeOptions withAssignment(@Nullable Assignment other) {
        return new QuantizeOptions(
                input,
                output,
                types,
                imatrix,
                includeWeights,
                excludeWeights,
                allowRequantize,
                overrides,
                split,
                threads,
                statistics,
                other);
    }

    /**
     * Which type each tensor gets; see {@link PresetPlanner}.
     *
     * @param pure give every tensor the preset's type
     * @param leaveOutput keep {@code output.weight} as it is
     */
    public record Types(
            Preset preset,
            boolean pure,
            boolean leaveOutput,
            @Nullable GgmlType outputType,
            @Nullable GgmlType tokenEmbeddingType,
            List<TensorTypeRule> rules) {
        public Types {
            rules = List.copyOf(rules);
        }

        public static Types of(Preset preset) {
            return new Types(preset, false, false, null, null, List.of());
        }
    }

    /**
     * How the output is cut into files.
     *
     * @param keep as the input is; the limits are then without effect
     * @param maxBytes most bytes of tensor data in a file; 0 for no limit
     * @param maxTensors most tensors in a file; 0 for no limit
     */
    public record Split(boolean keep, long maxBytes, int maxTensors) {
        /** One file. */
        public static final Split NONE = new Split(false, 0, 0);

        /** As the input is. */
        public static final Split KEEP = new Split(true, 0, 0);
    }
}
