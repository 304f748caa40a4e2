package org.kvant.allocate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.MomentSource;
import org.kvant.evaluate.KldProbe;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.quantize.Assignment;
import org.kvant.quantize.CalibratedRounder;
import org.kvant.quantize.Imatrix;
import org.kvant.quantize.MomentSources;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.QuantizePlan;
import org.kvant.quantize.QuantizeResult;
import org.kvant.quantize.Quantizer;
import org.kvant.quantize.RoundedStore;
import org.kvant.quantize.TensorFilter;
import org.kvant.quantize.TensorTypeRule;

/**
 * Quantizes to a budget: measures what types cost, chooses the best mixture, rounds and writes. What has been measured and rounded is kept in
 * a folder beside the output, so that a run that was stopped or killed goes on; nothing stands under the output's name before it is
 * complete.
 */
public final class AllocatedQuantizer implements AutoCloseable {
    private static final String LOSSES = "losses.txt";
    private static final String PROBES = "probes.txt";
    private static final String SPEEDS = "speeds.txt";

    private final QuantizeOptions options;
    private final AllocateRequest request;
    private final ProgressListener listener;
    private final List<String> notes = new ArrayList<>();
    private final GgufFile model;
    private final @Nullable MomentSource statistics;
    private final @Nullable Path folder;
    private final @Nullable WorkFolder work;
    private final Curvature curvature;
    private final List<TensorLosses> predicted;
    private final int alignment;
    private final @Nullable KernelSpeeds speeds;
    private @Nullable Allocator allocator;

    private AllocatedQuantizer(
            QuantizeOptions options,
            AllocateRequest request,
            @Nullable Path folder,
            ProgressListener listener,
            GgufFile model,
            @Nullable MomentSource statistics,
            @Nullable WorkFolder work)
            throws IOException {
        this.options = options;
        this.request = request;
        this.folder = folder;
        this.listener = listener;
        this.model = model;
        this.statistics = statistics;
        this.work = work;
        this.curvature = curvature();
        List<TensorInfo> tensors = tensors();
        List<GgmlType> types = new ArrayList<>(request.candidates());
        request.rules().stream()
                .map(TensorTypeRule::type)
                .filter(t -> !types.contains(t))
                .forEach(types::add);
        List<TensorLosses> losses =
                Sensitivities.measure(model, tensors, types, curvature, inFolder(LOSSES), options.threads(), listener);
        this.predicted = losses.stream().map(this::restricted).toList();
        this.speeds = request.budget().speed() == null
                ? null
                : SpeedProbe.measure(model, predicted, inFolder(SPEEDS), options.threads());
        this.alignment = Math.toIntExact(model.metadata().integer("general.alignment", 32));
        if (request.probes() && curvature.divergence() && fixed()) {
            notes.add("every tensor's type is fixed, so nothing was measured first: what is predicted is too low");
        }
        long unknown = predicted.stream().filter(t -> !t.known()).count();
        if (unknown > 0) {
            notes.add(unknown + " of " + predicted.size() + " tensors are unknown to the statistics (such as "
                    + predicted.stream()
                            .filter(t -> !t.known())
                            .findFirst()
                            .orElseThrow()
                            .tensor()
                            .name()
                    + "); what their types cost is inferred from the others");
        }
    }

    /**
     * Opens the model and measures what types cost its tensors, or finds that in the folder.
     *
     * @param options input, output, statistics or importance matrix, metadata and threads; its types are not used
     * @param folder for what is kept between runs, and removed after one that succeeds; null to keep nothing
     * @throws AllocateException if there is nothing to measure with, or another process works in the folder
     * @throws IOException if a file can't be read, or is damaged or another model's
     */
    public static AllocatedQuantizer open(
            QuantizeOptions options, AllocateRequest request, @Nullable Path folder, ProgressListener listener)
            throws IOException {
        if (options.statistics() == null && options.imatrix() == null) {
            throw new AllocateException(
                    "choosing types needs to know which weights matter: give statistics with --stats"
                            + " (kvant calibrate makes them, best with --gradient), or an importance matrix with --imatrix");
        }
        if (!options.split().equals(QuantizeOptions.Split.NONE)) {
            throw new AllocateException("a budget is for one file; split it afterwards, without a budget");
        }
        GgufFile model = GgufFile.open(options.input());
        MomentSource statistics = null;
        WorkFolder work = null;
        try {
            statistics = options.statistics() == null ? null : MomentSources.open(options.statistics(), model);
            if (statistics != null) {
                options.activations().requireOf(statistics);
            }
            if (request.budget().divergence() != null) {
                ProbeChunks.requireText(request, statistics);
            }
            work = folder == null ? null : WorkFolder.open(folder);
            return new AllocatedQuantizer(options, request, folder, listener, model, statistics, work);
        } catch (Throwable e) {
            if (work != null) {
                work.close();
            }
            if (statistics != null) {
                statistics.close();
            }
            model.close();
            throw e;
        }
    }

    /** The folder beside an output in which unfinished work lies. */
    public static Path folderOf(Path output) {
        return CalibratedRounder.folderOf(output);
    }

    private @Nullable Path inFolder(String name) {
        return folder == null ? null : folder.resolve(name);
    }

    private Curvature curvature() throws IOException {
        if (statistics != null) {
            return new MomentCurvature(statistics);
        }
        Imatrix imatrix = Imatrix.read(java.util.Objects.requireNonNull(options.imatrix()))
                .including(options.includeWeights())
                .excluding(options.excludeWeights());
        return new ImportanceCurvature(imatrix);
    }

    private List<TensorInfo> tensors() throws AllocateException {
        List<TensorInfo> tensors = model.tensors().stream()
                .filter(t -> TensorFilter.quantizes(t, options.types().leaveOutput()))
                .toList();
        if (tensors.isEmpty()) {
            throw new AllocateException(model.path() + ": has no weight matrices to quantize");
        }
        for (TensorInfo tensor : tensors) {
            if (tensor.type().quantized() && !options.allowRequantize()) {
                throw new AllocateException(model.path() + ": tensor " + tensor.name() + " is quantized already ("
                        + tensor.type().label() + "), and quantizing again loses more than once; start from an F32, F16"
                        + " or BF16 model, or insist with --allow-requantize");
            }
        }
        return tensors;
    }

    /** Leaves a tensor that a rule fits the rule's type only, and others the candidates only. */
    private TensorLosses restricted(TensorLosses tensor) {
        Map<GgmlType, Double> losses = new LinkedHashMap<>();
        for (TensorTypeRule rule : request.rules()) {
            if (rule.fits(tensor.tensor().name())) {
                if (!tensor.losses().containsKey(rule.type())) {
                    throw new IllegalArgumentException(
                            "tensor " + tensor.tensor().name() + " can't become "
                                    + rule.type().label() + " as the rule " + rule.pattern() + " says: it is "
                                    + tensor.tensor().type().label() + " with rows of "
                                    + tensor.tensor().columns());
                }
                losses.put(rule.type(), tensor.of(rule.type()));
                return new TensorLosses(tensor.tensor(), losses, tensor.known());
            }
        }
        losses.putAll(tensor.losses());
        List<GgmlType> allowed = Candidates.of(tensor.tensor(), request.candidates());
        losses.keySet().retainAll(allowed);
        return losses.isEmpty() ? tensor : new TensorLosses(tensor.tensor(), losses, tensor.known());
    }

    /** Chooses by what types are known to cost so far: after {@link #correct}, by real divergences. */
    private Allocator allocator() throws IOException {
        if (allocator == null) {
            allocator = new Allocator(this::planOf, predicted, curvature.divergence(), alignment, speeds);
        }
        return allocator;
    }

    /** Only where there is a choice: groups take as long to measure as some files. */
    private boolean corrects() {
        return request.probes()
                && curvature.divergence()
                && !fixed()
                && (!request.texts().isEmpty() || statistics != null && statistics.hasHeldOut());
    }

    private boolean fixed() {
        return predicted.stream().allMatch(tensor -> tensor.losses().size() == 1);
    }

    private void correct(KldProbe probe) throws IOException {
        if (!corrects()) {
            return;
        }
        String key = "probes 1 " + curvature.identity() + " "
                + Arrays.deepHashCode(probe.chunks().tokens()) + " " + request.rounding();
        DivergenceFactors factors = DivergenceFactors.measure(
                predicted, (types, losses) -> measure(types, losses, probe), inFolder(PROBES), key, listener);
        allocator = new Allocator(this::planOf, factors.correct(predicted), curvature.divergence(), alignment, speeds);
    }

    /** The best choice that keeps to the budget as predicted. */
    public Allocation allocate() throws IOException {
        Allocator allocator = allocator();
        Budget budget = request.budget();
        if (budget.bytes() != null) {
            return allocator.forBytes(budget.bytes(), budget.speed());
        }
        if (budget.bitsPerWeight() != null) {
            return allocator.forBits(budget.bitsPerWeight(), budget.speed());
        }
        if (budget.divergence() != null) {
            return allocator.forLoss(budget.divergence(), budget.speed());
        }
        return allocator.forBytes(allocator.mostBytes(), budget.speed());
    }

    /** What {@link #run} would do as far as is known without doing it. */
    public AllocateResult predict() throws IOException {
        if (corrects()) {
            try (KldProbe probe = ProbeChunks.open(options, request, statistics, scratch(), notes)) {
                correct(probe);
            }
        }
        Allocation allocation = allocate();
        return result(allocation, null, null, 0);
    }

    /**
     * Chooses, rounds and writes; with a divergence as the budget, measures and chooses again until it is kept.
     *
     * @throws AllocateException if the budget can't be met, with what could
     */
    public AllocateResult run() throws IOException {
        Double wanted = request.budget().divergence();
        boolean measures = wanted != null || !request.texts().isEmpty();
        if (!measures) {
            AllocateResult prediction = predict();
            QuantizeResult written = quantize(prediction.allocation(), options.output());
            finish();
            return result(prediction.allocation(), written, null, 0);
        }
        try (KldProbe probe = ProbeChunks.open(options, request, statistics, scratch(), notes)) {
            correct(probe);
            Allocation allocation = allocate();
            if (wanted != null) {
                DivergenceSearch search = new DivergenceSearch(
                        allocator(),
                        request.budget().speed(),
                        candidate -> measure(candidate.types(), candidate.losses(), probe));
                allocation = search.run(allocation, wanted);
            }
            QuantizeResult written = quantize(allocation, options.output());
            double measured = probe.evaluate(options.output()).meanDivergence();
            finish();
            return result(allocation, written, measured, probe.chunks().scored());
        }
    }

    private Path scratch() throws IOException {
        Path scratch =
                folder != null ? folder : options.output().toAbsolutePath().getParent();
        return scratch != null ? scratch : Path.of("").toAbsolutePath();
    }

    private double measure(Map<String, GgmlType> types, Map<String, Double> losses, KldProbe probe) throws IOException {
        Path candidate = scratch().resolve("candidate.gguf");
        try {
            Quantizer.run(withTypes(types, losses, candidate, judgedByHeldOut()), listener);
            return probe.evaluate(candidate).meanDivergence();
        } finally {
            Files.deleteIfExists(candidate);
        }
    }

    private QuantizeResult quantize(Allocation allocation, Path output) throws IOException {
        boolean judged = request.budget().divergence() != null && judgedByHeldOut();
        return Quantizer.run(withTypes(allocation.types(), allocation.losses(), output, judged), listener);
    }

    /** The work is in the output: what was measured and rounded for it is not needed any more. */
    private void finish() throws IOException {
        if (folder != null) {
            for (String name : List.of(LOSSES, PROBES, SPEEDS)) {
                Files.deleteIfExists(folder.resolve(name));
            }
            new RoundedStore(folder).remove();
        }
    }

    private QuantizePlan planOf(Map<String, GgmlType> types, Map<String, Double> losses) throws IOException {
        return Quantizer.plan(withTypes(types, losses, options.output(), false));
    }

    private QuantizeOptions withTypes(
            Map<String, GgmlType> types, Map<String, Double> losses, Path output, boolean holdOut) {
        Assignment assignment = new Assignment(types, metadata(types, losses), request.rounding(), folder, holdOut);
        return options.toBuilder().assignment(assignment).output(output).build();
    }

    /** Whether the divergence is measured on what the calibration held out. */
    private boolean judgedByHeldOut() {
        return request.texts().isEmpty();
    }

    private Map<String, MetaValue> metadata(Map<String, GgmlType> types, Map<String, Double> losses) {
        Metadata.Builder metadata = Metadata.builder();
        if (request.version() != null) {
            metadata.putString("kvant.version", request.version());
        }
        float[] each = new float[losses.size()];
        int i = 0;
        for (double loss : losses.values()) {
            each[i++] = (float) loss;
        }
        // In the order of the recipe's tensors.
        return metadata.putString("kvant.recipe", RecipeYaml.write(recipe(types).withoutFolders()))
                .putF32s("kvant.quantize.loss", each)
                .build()
                .asMap();
    }

    private Recipe recipe(Map<String, GgmlType> types) {
        List<TensorTypeRule> rules = new ArrayList<>();
        types.forEach((tensor, type) -> rules.add(RecipeYaml.exactly(tensor, type)));
        return new Recipe(
                null,
                request.budget(),
                request.candidates(),
                rules,
                request.rounding(),
                options.activations(),
                absolute(options.statistics()),
                absolute(options.imatrix()));
    }

    private static @Nullable String absolute(@Nullable Path path) {
        return path == null ? null : path.toAbsolutePath().normalize().toString();
    }

    private AllocateResult result(
            Allocation allocation, @Nullable QuantizeResult written, @Nullable Double measured, int tokens)
            throws IOException {
        QuantizePlan plan = written != null ? written.plan() : planOf(allocation.types(), allocation.losses());
        List<String> all = new ArrayList<>(notes);
        all.addAll(plan.notes());
        return new AllocateResult(allocation, recipe(allocation.types()), plan, written, measured, tokens, all);
    }

    @Override
    public void close() throws IOException {
        if (work != null) {
            work.close();
        }
        if (statistics != null) {
            statistics.close();
        }
        model.close();
    }
}
