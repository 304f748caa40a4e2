package org.kvant.cli.serve;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Ranges;
import org.kvant.engine.settings.DraftOptions;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of {@code serve} and {@code plan} for a model that guesses ahead. */
final class DraftArguments {
    @Option(
            names = {"-md", "--draft"},
            paramLabel = "FILE",
            description =
                    "GGUF file of a small model with the same vocabulary. It drafts tokens where that makes answers "
                            + "faster; they stay the same.")
    private @Nullable Path model;

    @Option(
            names = "--draft-max",
            paramLabel = "N",
            description = "Most tokens it drafts at once, 1 to " + DraftOptions.LIMIT + " (default: "
                    + DraftOptions.DEFAULT_MOST + ").")
    private @Nullable Integer most;

    /**
     * What these ask for; null without a draft model.
     *
     * @throws ParameterException if one is out of its range or has no model to apply to
     */
    @Nullable
    DraftOptions options(CommandLine command) {
        Integer n = most;
        if (model == null) {
            if (n != null) {
                throw new ParameterException(command, "--draft-max needs --draft FILE");
            }
            return null;
        }
        if (n == null) {
            return DraftOptions.of(model, DraftOptions.DEFAULT_MOST);
        }
        Ranges.check(command, "--draft-max", n, 1, DraftOptions.LIMIT);
        return DraftOptions.of(model, n);
    }
}
