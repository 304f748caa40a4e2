package org.kvant.cli.quantize;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.allocate.AllocateRequest;
import org.kvant.allocate.AllocateResult;
import org.kvant.allocate.AllocatedQuantizer;
import org.kvant.allocate.Allocation;
import org.kvant.allocate.Recipe;
import org.kvant.allocate.RecipeYaml;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.cli.terminal.VersionProvider;
import org.kvant.gguf.OutputFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.quantize.QuantizeOptions;
import picocli.CommandLine;

/** {@code kvant quantize} with types that are chosen by what they cost. */
final class AllocateCommand {
    private final CommandLine command;
    private final @Nullable OutputFile recipeFile;
    private final QuantizeOptions options;
    private final AllocateRequest request;
    private final boolean quiet;

    /** @param recipeFile for what was chosen, or null */
    AllocateCommand(
            CommandLine command,
            AllocateArguments arguments,
            Recipe recipe,
            QuantizeOptions options,
            @Nullable OutputFile recipeFile,
            boolean quiet)
            throws IOException {
        this.command = command;
        this.recipeFile = recipeFile;
        this.options = options;
        this.quiet = quiet;
        this.request = new AllocateRequest(
                recipe.budget(),
                recipe.candidates(),
                recipe.rules(),
                recipe.rounding(),
                arguments.texts(),
                arguments.chunks(),
                arguments.probes(),
                new VersionProvider().getVersion()[0]);
    }

    /** Prints what would be chosen and what that is predicted to cost. */
    int predict(@Nullable Path target) throws IOException {
        Path folder = target == null ? null : AllocatedQuantizer.folderOf(target);
        AllocateResult result;
        try (Steps progress = new Steps(quiet);
                AllocatedQuantizer quantizer = AllocatedQuantizer.open(options, request, folder, progress)) {
            result = quantizer.predict();
        }
        PrintWriter out = command.getOut();
        new AllocationTable(result).print(out);
        result.notes().forEach(note -> out.println("note: " + note));
        out.flush();
        write(result.recipe());
        return 0;
    }

    int run() throws IOException {
        long begin = System.nanoTime();
        AllocateResult result;
        try (Steps progress = new Steps(quiet);
                AllocatedQuantizer quantizer = AllocatedQuantizer.open(
                        options, request, AllocatedQuantizer.folderOf(options.output()), progress)) {
            result = quantizer.run();
        }
        result.notes().forEach(note -> System.err.println("note: " + note));
        String time = String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - begin) / 1e9);
        QuantizeCommand.summary(Objects.requireNonNull(result.written()), "chosen types", time);
        Allocation allocation = result.allocation();
        Double measured = result.measured();
        if (allocation.divergence() && measured != null) {
            System.err.printf(
                    Locale.ROOT,
                    "KLD measured %.4f on %,d tokens, predicted %.4f (%+.0f %%)%n",
                    measured,
                    result.scoredTokens(),
                    allocation.loss(),
                    100 * (allocation.loss() / measured - 1));
        } else if (measured != null) {
            System.err.printf(Locale.ROOT, "KLD measured %.4f on %,d tokens%n", measured, result.scoredTokens());
        } else if (allocation.divergence()) {
            System.err.printf(Locale.ROOT, "KLD predicted %.4f%n", allocation.loss());
        }
        write(result.recipe());
        return 0;
    }

    private void write(Recipe recipe) throws IOException {
        if (recipeFile != null) {
            recipeFile.publish(out -> out.write(RecipeYaml.write(recipe)));
        }
    }

    /** A bar for every stretch of work: measuring, then rounding once or more. */
    private static final class Steps implements ProgressListener, AutoCloseable {
        private final boolean quiet;
        private @Nullable ProgressBar bar;
        private long before;

        Steps(boolean quiet) {
            this.quiet = quiet;
        }

        @Override
        public void step(String what, long done, long total) {
            if (quiet) {
                return;
            }
            if (bar == null || done < before) {
                close();
                bar = new ProgressBar();
            }
            before = done;
            bar.step(what, done, total);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
                bar = null;
            }
        }
    }
}
