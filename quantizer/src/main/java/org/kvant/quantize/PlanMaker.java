package org.kvant.quantize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;
import org.kvant.round.MatrixRounder;

/** Turns a model and options into a plan, and finds out whether it can be carried out. */
final class PlanMaker {
    private static final int NAMES_SHOWN = 3;

    private final QuantizeOptions options;
    private final List<String> obstacles = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private PlanMaker(QuantizeOptions options) {
        this.options = options;
    }

    static QuantizePlan plan(GgufFile input, QuantizeOptions options) throws IOException {
        return new PlanMaker(options).plan(input);
    }

    private QuantizePlan plan(GgufFile input) throws IOException {
        Imatrix imatrix = imatrix();
        QuantizeOptions.Types types = options.types();
        List<TensorInfo> sources = new ArrayList<>(input.tensors());
        sources.sort(TensorOrder.BY_LAYER);
        long fileType = fileType(input, sources);
        if (options.split().keep()) {
            sources.sort(TensorOrder.BY_PART);
        }
        Metadata metadata = OutputMetadata.of(input.metadata(), fileType, options.overrides(), imatrix);
        Assignment assignment = options.assignment();
        if (assignment == null && options.statistics() != null) {
            // Otherwise nothing would tell such a file from llama-quantize's.
            metadata = metadata.toBuilder()
                    .putString(
                            "kvant.quantize.statistics",
                            String.valueOf(options.statistics().getFileName()))
                    .build();
        }
        if (options.activations() != Activations.MODEL) {
            metadata = metadata.toBuilder()
                    .putString(
                            "kvant.quantize.activations",
                            options.activations().name().toLowerCase(Locale.ROOT))
                    .build();
        }
        if (assignment != null && !assignment.metadata().isEmpty()) {
            Metadata.Builder more = metadata.toBuilder();
            assignment.metadata().forEach(more::put);
            metadata = more.build();
        }
        TypePlanner planner = assignment != null
                ? new AssignedTypes(assignment.types())
                : new PresetPlanner(
                        types.preset(),
                        types.pure(),
                        types.leaveOutput(),
                        types.outputType(),
                        types.tokenEmbeddingType(),
                        types.rules(),
                        imatrix != null);
        List<PlannedTensor> tensors = planner.plan(metadata, sources);
        for (PlannedTensor tensor : tensors) {
            if (!tensor.copied()) {
                checkTypes(tensor);
            }
        }
        checkImatrix(input, tensors, imatrix);
        noteFallbacks(tensors);
        if (assignment == null) {
            noteIdleRules(tensors);
        }
        return new QuantizePlan(
                input.path(), metadata, tensors, tensorsPerPart(input, sources), imatrix, obstacles, notes);
    }

    private long fileType(GgufFile input, List<TensorInfo> sources) throws IOException {
        Assignment assignment = options.assignment();
        if (assignment != null) {
            return FileType.ofMost(sources, assignment.types());
        }
        return options.types().preset() == Preset.COPY
                ? FileType.of(input.metadata(), sources)
                : options.types().preset().fileType();
    }

    private @Nullable Imatrix imatrix() throws IOException {
        Path file = options.imatrix() != null ? options.imatrix() : options.statistics();
        if (file == null) {
            return null;
        }
        Imatrix imatrix = Imatrix.read(file).including(options.includeWeights()).excluding(options.excludeWeights());
        if (imatrix.size() == 0) {
            notes.add("no tensor of " + file + " is left to be used: nothing is weighted");
            return null;
        }
        return imatrix;
    }

    /** Tensors that the statistics have moments of, which an importance matrix need not have. */
    private Set<String> calibrated(GgufFile input) throws IOException {
        if (options.statistics() == null) {
            return Set.of();
        }
        try (MomentSource statistics = MomentSources.open(options.statistics(), input)) {
            return Set.copyOf(statistics.weights());
        }
    }

    private void checkTypes(PlannedTensor tensor) throws QuantizeException {
        GgmlType from = tensor.source().type();
        if (!Codecs.canEncode(tensor.type())) {
            throw new QuantizeException("tensor " + tensor.name() + ": quantizing to "
                    + tensor.type().label() + " is not supported");
        }
        if (!Codecs.canEncode(from)) {
            throw new QuantizeException(options.input() + ": tensor " + tensor.name() + " is " + from.label()
                    + ", which can't be decoded; start from an F32, F16 or BF16 model");
        }
        if (tensor.source().columns() > 1 << 28) {
            throw new QuantizeException(options.input() + ": tensor " + tensor.name() + " has rows of "
                    + tensor.source().columns() + " values, more than the 2^28 that are supported");
        }
        if (from.quantized() && !options.allowRequantize() && obstacles.isEmpty()) {
            obstacles.add(options.input() + ": tensor " + tensor.name() + " is quantized already (" + from.label()
                    + "), and quantizing again loses more than once; start from an F32, F16 or BF16 model, or"
                    + " insist with --allow-requantize");
        }
    }

    private void checkImatrix(GgufFile input, List<PlannedTensor> tensors, @Nullable Imatrix imatrix)
            throws IOException {
        List<String> unweighted = new ArrayList<>();
        Set<String> calibrated = calibrated(input);
        for (PlannedTensor tensor : tensors) {
            if (tensor.copied()) {
                continue;
            }
            boolean missing = imatrix == null || imatrix.of(tensor.source()) == null;
            // What is rounded under a moment has importance values in its diagonal.
            boolean moment = calibrated.contains(tensor.name()) && MatrixRounder.supports(tensor.type());
            if (missing && !moment && tensor.needsImatrix()) {
                obstacles.add("tensor " + tensor.name() + ": "
                        + tensor.type().label() + " in a " + options.types().preset() + " model is "
                        + (Codecs.of(tensor.type()).requiresImportance() ? "impossible" : "poor")
                        + " without importance values"
                        + (imatrix == null ? "" : ", and " + imatrix.file() + " has none for it")
                        + "; give a matrix that llama-imatrix made with --imatrix, or choose Q2_K");
                return;
            }
            if (missing && Codecs.of(tensor.type()).usesImportance() && !calibrated.contains(tensor.name())) {
                unweighted.add(tensor.name());
            }
        }
        if (imatrix != null && !unweighted.isEmpty()) {
            notes.add(imatrix.file() + " knows nothing of " + some(unweighted) + ": rounded unweighted");
        }
    }

    private void noteFallbacks(List<PlannedTensor> tensors) {
        List<PlannedTensor> fallen =
                tensors.stream().filter(PlannedTensor::fellBack).toList();
        if (!fallen.isEmpty()) {
            notes.add(fallen.size() + " of " + tensors.size()
                    + " tensors have rows that do not divide into blocks of the type meant for them and got another: "
                    + some(fallen.stream()
                            .map(t -> t.name() + " " + t.type().label() + " for "
                                    + t.wanted().label())
                            .toList()));
        }
    }

    private void noteIdleRules(List<PlannedTensor> tensors) {
        if (!options.types().preset().defaultType().quantized()
                && !options.types().rules().isEmpty()) {
            notes.add("--tensor-type has no effect with " + options.types().preset());
            return;
        }
        for (TensorTypeRule rule : options.types().rules()) {
            if (tensors.stream().noneMatch(tensor -> rule.fits(tensor.name()))) {
                notes.add("no tensor's name fits --tensor-type " + rule.pattern());
            }
        }
    }

    private static String some(List<String> names) {
        String shown = names.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", "));
        return names.size() <= NAMES_SHOWN ? shown : shown + " and " + (names.size() - NAMES_SHOWN) + " more";
    }

    private List<Integer> tensorsPerPart(GgufFile input, List<TensorInfo> sorted) {
        int parts = sorted.stream()
                        .max(Comparator.comparingInt(TensorInfo::part))
                        .map(TensorInfo::part)
                        .orElse(0)
                + 1;
        if (!options.split().keep() || input.parts().size() == 1) {
            return List.of();
        }
        int[] counts = new int[parts];
        sorted.forEach(tensor -> counts[tensor.part()]++);
        return java.util.Arrays.stream(counts).boxed().toList();
    }
}
