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
 * @param activations on which matrices are rounded under statistics
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
        Activations activations,
        @Nullable Assignment assignment) {

    public QuantizeOptions {
        includeWeights = List.copyOf(includeWeights);
        excludeWeights = List.copyOf(excludeWeights);
        overrides = List.copyOf(overrides);
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        if (activations != Activations.MODEL && statistics == null) {
            throw new IllegalArgumentException("rounding layer after layer needs statistics, which hold its text");
        }
        if (!includeWeights.isEmpty() && !excludeWeights.isEmpty()) {
            throw new IllegalArgumentException("either include weights or exclude weights, not both");
        }
    }

    /** A preset as it is, on all cores. */
    public static QuantizeOptions of(Path input, Path output, Preset preset) {
        return builder(input, output, preset).build();
    }

    /** Begins with a preset as it is, on all cores. */
    public static Builder builder(Path input, Path output, Preset preset) {
        return new Builder(input, output, Types.of(preset));
    }

    /** Begins with these options. */
    public Builder toBuilder() {
        return new Builder(input, output, types)
                .imatrix(imatrix)
                .includeWeights(includeWeights)
                .excludeWeights(excludeWeights)
                .allowRequantize(allowRequantize)
                .overrides(overrides)
                .split(split)
                .threads(threads)
                .statistics(statistics)
                .activations(activations)
                .assignment(assignment);
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

    /** Options one by one; what each means stands at {@link QuantizeOptions}. */
    public static final class Builder {
        private final Path input;
        private Path output;
        private Types types;
        private @Nullable Path imatrix;
        private List<String> includeWeights = List.of();
        private List<String> excludeWeights = List.of();
        private boolean allowRequantize;
        private List<KvOverride> overrides = List.of();
        private Split split = Split.NONE;
        private int threads = Runtime.getRuntime().availableProcessors();
        private @Nullable Path statistics;
        private Activations activations = Activations.MODEL;
        private @Nullable Assignment assignment;

        private Builder(Path input, Path output, Types types) {
            this.input = input;
            this.output = output;
            this.types = types;
        }

        public Builder output(Path file) {
            output = file;
            return this;
        }

        public Builder types(Types choice) {
            types = choice;
            return this;
        }

        public Builder imatrix(@Nullable Path file) {
            imatrix = file;
            return this;
        }

        public Builder includeWeights(List<String> names) {
            includeWeights = names;
            return this;
        }

        public Builder excludeWeights(List<String> names) {
            excludeWeights = names;
            return this;
        }

        public Builder allowRequantize(boolean allowed) {
            allowRequantize = allowed;
            return this;
        }

        public Builder overrides(List<KvOverride> entries) {
            overrides = entries;
            return this;
        }

        public Builder split(Split cut) {
            split = cut;
            return this;
        }

        public Builder threads(int count) {
            threads = count;
            return this;
        }

        public Builder statistics(@Nullable Path file) {
            statistics = file;
            return this;
        }

        public Builder activations(Activations choice) {
            activations = choice;
            return this;
        }

        public Builder assignment(@Nullable Assignment choice) {
            assignment = choice;
            return this;
        }

        /** @throws IllegalArgumentException if the options contradict one another or are out of range */
        public QuantizeOptions build() {
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
                    activations,
                    assignment);
        }
    }
}
