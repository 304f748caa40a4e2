package org.kvant.cli;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model to serve: by option, as llama-server has it, or by itself, as with the other commands. One of both. */
final class ModelArgument {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "GGUF file; of a split model the first part.")
    private @Nullable Path option;

    @Parameters(index = "0", paramLabel = "FILE", description = "GGUF file, with or without -m.")
    private @Nullable Path parameter;

    /** Whichever was given. */
    Path path() {
        return Objects.requireNonNull(option == null ? parameter : option);
    }
}
