package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.Model;
import org.kvant.llama.eval.EvalCallbackException;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;

/**
 * Runs a model over text and writes the statistics of its linear layers' inputs. Interrupted at any moment it loses at most the time since the
 * last save, and the same call goes on from there to the same file, bit for bit.
 */
public final class Calibrator {
    private static final String PASS = "pass-";

    private final CalibrateOptions options;
    private final Consumer<String> notes;
    private final RunProgress progress;

    private Calibrator(
            CalibrateOptions options, ProgressListener listener, BooleanSupplier stop, Consumer<String> notes) {
        this.options = options;
        this.notes = notes;
        this.progress = new RunProgress(listener, stop);
    }

    /**
     * Calibrates. All of it runs on the calling thread and the threads that the options ask for.
     *
     * @param listener told tokens instead of bytes
     * @param stop asked after every chunk; once it says true, the state is saved and the call returns
     * @param notes gets lines for the user
     * @throws CalibrateException if the model, the text or a state that was left behind cannot be used
     * @throws IOException if a file cannot be read or written
     */
    public static CalibrateResult run(
            CalibrateOptions options, ProgressListener listener, BooleanSupplier stop, Consumer<String> notes)
            throws IOException {
        Backend.load();
        try {
            return new Calibrator(options, listener, stop, notes).run();
        } catch (CalibrationFailure e) {
            throw new CalibrateException(options.model() + ": " + e.getMessage(), e);
        } catch (EvalCallbackException e) {
            if (e.getCause() instanceof CalibrationFailure failure) {
                throw new CalibrateException(options.model() + ": " + failure.getMessage(), e);
            }
            throw e;
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException e) {
            throw new CalibrateException(options.model() + ": " + e.getMessage(), e);
        }
    }

    /** The seed of an unfinished run that lets the model write its text, so that a run without a seed of its own can go on with it. */
    public static OptionalLong unfinishedSeed(Path output) {
        return RunFolder.line(output, "text " + CalibrationText.SELF_WRITTEN)
                .map(seed -> OptionalLong.of(Long.parseLong(seed)))
                .orElse(OptionalLong.empty());
    }

    private CalibrateResult run() throws IOException {
        try (GgufFile file = GgufFile.open(options.model())) {
            List<Path> read = new ArrayList<>(file.parts());
            switch (options.source()) {
                case TextSource.Texts texts -> read.addAll(texts.files());
                case TextSource.Chats chats -> read.addAll(chats.files());
                case TextSource.SelfWritten self -> {}
            }
            GgufWriter.requireDistinct(options.output(), read);
            Fingerprint fingerprint = Fingerprint.of(file);
            String name = file.metadata()
                    .string("general.name", options.model().getFileName().toString());
            String head = file.tensor("output.weight").isPresent() ? "output.weight" : "token_embd.weight";
            try (Model model = Model.load(options.model())) {
                if (options.chunkSize() > model.trainContext()) {
                    notes.accept("the model was trained on " + model.trainContext() + " tokens at a time; chunks of "
                            + options.chunkSize() + " are beyond that");
                }
                CalibrationText text = new CalibrationText(model, options);
                text.read();
                if (text.size() < options.chunks()) {
                    notes.accept("the text has " + text.size() + " chunks only");
                }
                ModelRun run = new ModelRun(model, options, head);
                if (options.full()) {
                    MomentPasses.plan(run.inputs(), options.momentBytes());
                }
                try (RunFolder folder = RunFolder.open(options.output(), description(fingerprint, text))) {
                    if (folder.resumed()) {
                        notes.accept("going on with the unfinished run in " + RunFolder.of(options.output()));
                    }
                    return run(run, text, folder, name, fingerprint);
                }
            }
        }
    }

    private String description(Fingerprint fingerprint, CalibrationText text) {
        TokenWeights weights = options.tokenWeights();
        return "model " + fingerprint.weights() + "\ntext " + text.identity() + "\nchunk size " + options.chunkSize()
                + "\nchunks " + options.chunks() + "\nfull moments " + options.full() + "\ntoken weights "
                + (weights == null ? "none" : weights.identity()) + "\n";
    }

    private CalibrateResult run(
            ModelRun run, CalibrationText text, RunFolder folder, String name, Fingerprint fingerprint)
            throws IOException {
        Passes passes = passes(run, folder);
        long each = (long) text.size() * options.chunkSize();
        progress.total((text.selfWritten() ? each : 0) + passes.total() * each);
        if (!text.write(folder, progress) || !collect(run, text.chunks(), folder, passes)) {
            return new CalibrateResult(
                    false,
                    RunFolder.of(options.output()),
                    text.size(),
                    run.inputs().size(),
                    0);
        }
        TokenWeights weights = options.tokenWeights();
        write(
                run,
                folder,
                new StatisticsWriter.Origin(
                        name,
                        fingerprint,
                        text.datasets(),
                        text.description(),
                        weights == null ? null : weights.identity(),
                        text.chunks()));
        folder.remove();
        return new CalibrateResult(
                true, RunFolder.of(options.output()), text.size(), run.inputs().size(), Files.size(options.output()));
    }

    /**
     * What is to be done.
     *
     * @param left moments of each pass to come; an empty list for a pass that collects diagonals only
     * @param done passes that are on the disk
     * @param sums whether the diagonals are missing
     */
    private record Passes(List<List<LinearInput>> left, int done, boolean sums) {
        int total() {
            return left.size() + done;
        }
    }

    private Passes passes(ModelRun run, RunFolder folder) throws IOException {
        Set<String> done = new HashSet<>();
        boolean sums = true;
        List<Path> files = folder.files(PASS);
        for (Path file : files) {
            SavedState.Contents contents = SavedState.contents(file);
            done.addAll(contents.moments());
            sums &= contents.sums().isEmpty();
        }
        List<LinearInput> missing = run.inputs().stream()
                .filter(input -> options.full() && !done.contains(input.name()))
                .toList();
        List<List<LinearInput>> left = new ArrayList<>(MomentPasses.plan(missing, options.momentBytes()));
        if (left.isEmpty() && sums) {
            left.add(List.of());
        }
        return new Passes(left, files.size(), sums);
    }

    /** Runs the model as often as is needed; false if it was stopped. */
    private boolean collect(ModelRun run, int[][] chunks, RunFolder folder, Passes passes) throws IOException {
        boolean sums = passes.sums();
        int number = passes.done();
        progress.add("", (long) number * chunks.length * options.chunkSize());
        for (List<LinearInput> moments : passes.left()) {
            Path result = folder.file(PASS + String.format(Locale.ROOT, "%05d.gguf", number));
            String what = "calibrating";
            if (passes.total() > 1) {
                what = "pass " + (number + 1) + " of " + passes.total() + ", " + MomentPasses.describe(moments);
            }
            if (!run.pass(chunks, new ModelRun.Pass(sums, moments, what), folder, result, progress)) {
                return false;
            }
            sums = false;
            number++;
        }
        return true;
    }

    private void write(ModelRun run, RunFolder folder, StatisticsWriter.Origin origin) throws IOException {
        Map<String, GgufFile> moments = new LinkedHashMap<>();
        Map<String, InputSums> sums = new LinkedHashMap<>();
        List<GgufFile> open = new ArrayList<>();
        try {
            for (Path file : folder.files(PASS)) {
                GgufFile gguf = GgufFile.open(file);
                open.add(gguf);
                SavedState.contents(file).moments().forEach(name -> moments.put(name, gguf));
                sums.putAll(SavedState.readSums(file, run.byName()));
            }
            new StatisticsWriter(origin, run.inputs(), sums, moments).write(options.output());
        } finally {
            open.forEach(GgufFile::close);
        }
    }
}
