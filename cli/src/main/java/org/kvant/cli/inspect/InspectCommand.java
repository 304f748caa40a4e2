package org.kvant.cli.inspect;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Terminal;
import org.kvant.gguf.GgufFile;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvant inspect}: what is in a GGUF file, without loading it. */
@Command(
        name = "inspect",
        description = "Shows a GGUF file's metadata, tensors, types and bits per weight.",
        mixinStandardHelpOptions = true)
public final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "GGUF file; of a split model the first part.")
    private @Nullable Path file;

    @Option(names = "--json", description = "Print everything but the data as JSON.")
    private boolean json;

    @Option(
            names = "--tensors",
            description = "List every tensor, rather than one line for the same tensor of all blocks.")
    private boolean tensors;

    @Spec
    private @Nullable CommandSpec spec;

    private final Terminal terminal;

    public InspectCommand() {
        this(Terminal.standardOutput());
    }

    /** For a terminal other than standard output. */
    InspectCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /** 0, or 2 for a file that is not a valid GGUF file. */
    @Override
    public Integer call() throws IOException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        PrintWriter out = command.getOut();
        try (GgufFile gguf = GgufFile.open(Objects.requireNonNull(file))) {
            if (json) {
                new InspectJson(gguf).print(out, terminal.unicode());
            } else {
                new InspectText(gguf, terminal, out).print(tensors);
            }
            return CommandLine.ExitCode.OK;
        } catch (IOException e) {
            command.getErr().println("kvant inspect: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
    }
}
