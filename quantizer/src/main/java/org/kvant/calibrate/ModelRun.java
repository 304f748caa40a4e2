package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Device;
import org.kvant.llama.Model;
import org.kvant.llama.eval.EvalCallback;

/** Runs a model over chunks and collects, saving the state now and then. */
final class ModelRun {
    private static final String STATE = "state.gguf";
    /** What llama-imatrix computes at a time. */
    private static final int UBATCH = 512;

    private static final int PROBE_TOKENS = 32;

    /** Saving must not take more than a tenth of the time. */
    private static final int WORK_PER_SAVE = 10;

    private final Model model;
    private final CalibrateOptions options;
    private final List<LinearInput> inputs;

    /** Computes a few tokens to learn the model's linear layers. */
    ModelRun(Model model, CalibrateOptions options, String head) throws CalibrateException {
        this.model = model;
        this.options = options;
        GraphProbe probe = new GraphProbe(head, options.tokenWeights() != null);
        int[] tokens = new int[PROBE_TOKENS];
        try (Context context = context(probe, PROBE_TOKENS)) {
            decode(context, tokens);
        }
        this.inputs = probe.inputs();
        if (inputs.isEmpty()) {
            throw new CalibrateException(options.model() + ": a model of architecture " + model.architecture()
                    + " has no linear layers that can be calibrated");
        }
    }

    /** In the order of computing. */
    List<LinearInput> inputs() {
        return inputs;
    }

    Map<String, LinearInput> byName() {
        Map<String, LinearInput> byName = new LinkedHashMap<>();
        inputs.forEach(input -> byName.put(input.name(), input));
        return byName;
    }

    /**
     * One run over all chunks.
     *
     * @param sums whether it collects the diagonals of all inputs
     * @param moments inputs whose full second moments it collects
     * @param what for the progress
     */
    record Pass(boolean sums, List<LinearInput> moments, String what) {}

    private Context context(EvalCallback callback, int tokens) {
        return model.newContext(ContextOptions.builder()
                .contextSize(tokens)
                .batchSize(tokens)
                .ubatchSize(tokens % UBATCH == 0 ? UBATCH : tokens)
                .threads(options.threads())
                .evalCallback(callback)
                .build());
    }

    /** All tokens ask for logits, because the last block computes those that do only; the logits themselves are never computed. */
    private static void decode(Context context, int[] tokens) {
        Batch batch = new Batch(tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            batch.add(tokens[i], i, 0, true);
        }
        context.memory().clear(true);
        DecodeResult result = context.decode(batch);
        if (!(result instanceof DecodeResult.Ok)) {
            throw new CalibrationFailure("computing a chunk failed: " + result);
        }
    }

    /**
     * Does a pass, from where the folder's state has it.
     *
     * @param result written at the end
     * @return false if it was stopped, with the state saved
     */
    boolean pass(int[][] chunks, Pass pass, RunFolder folder, Path result, RunProgress progress) throws IOException {
        Path stateFile = folder.file(STATE);
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(options.threads())) {
            SavedState state = start(pass, stateFile, arena);
            List<LinearInput> wanted = pass.sums() ? inputs : pass.moments();
            Collector collector = new Collector(
                    wanted,
                    state.sums(),
                    state.moments(),
                    options.tokenWeights(),
                    new RankUpdate(new Matrices(workers)),
                    canStopEarly());
            progress.add(pass.what(), (long) state.chunk() * options.chunkSize());
            try (Context context = context(collector, options.chunkSize())) {
                long saved = System.nanoTime();
                long pause = options.saveEvery().toNanos();
                for (int chunk = state.chunk(); chunk < chunks.length; chunk++) {
                    boolean stop = progress.stopped();
                    if (stop || chunk > state.chunk() && System.nanoTime() - saved >= pause) {
                        long began = System.nanoTime();
                        state.at(chunk).write(stateFile);
                        saved = System.nanoTime();
                        pause = Math.max(pause, WORK_PER_SAVE * (saved - began));
                    }
                    if (stop) {
                        return false;
                    }
                    collector.begin(chunk);
                    decode(context, chunks[chunk]);
                    collector.requireComplete(chunks[chunk].length);
                    progress.add(pass.what(), chunks[chunk].length);
                }
            }
            state.at(chunks.length).write(result);
            Files.deleteIfExists(stateFile);
            return true;
        }
    }

    private SavedState start(Pass pass, Path file, Arena arena) throws IOException {
        SavedState.@Nullable Contents saved = Files.exists(file) ? SavedState.contents(file) : null;
        List<String> moments = pass.moments().stream().map(LinearInput::name).toList();
        List<String> sums = new ArrayList<>();
        if (pass.sums()) {
            inputs.forEach(input -> sums.add(input.name()));
        }
        // With another memory limit the passes are others: a state of one of those is of no use.
        if (saved != null && saved.moments().equals(moments) && saved.sums().equals(sums)) {
            return SavedState.read(file, byName(), arena);
        }
        SavedState fresh = new SavedState(0, new LinkedHashMap<>(), new LinkedHashMap<>());
        for (LinearInput input : inputs) {
            if (pass.sums()) {
                fresh.sums().put(input.name(), new InputSums(input));
            }
        }
        pass.moments().forEach(input -> fresh.moments().put(input.name(), new FullMoment(input, arena)));
        return fresh;
    }

    /** With several devices, those that come later would compute on with what the others left out. */
    private static boolean canStopEarly() {
        return Backend.load().devices().stream().allMatch(device -> device.kind() == Device.Kind.CPU);
    }
}
