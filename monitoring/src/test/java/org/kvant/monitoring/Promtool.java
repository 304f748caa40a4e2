package org.kvant.monitoring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs Prometheus' own tools. */
final class Promtool {
    /** What a tool said and how it ended. */
    record Result(int exit, String output) {}

    private Promtool() {}

    /** Runs promtool with {@code input} as its standard input. */
    static Result run(String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(find("promtool").toString()));
        command.addAll(List.of(arguments));
        Path file = Files.createTempFile("promtool", ".txt");
        try {
            Files.writeString(file, input);
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(file.toFile())
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running: " + command);
            }
            return new Result(process.exitValue(), output);
        } finally {
            Files.delete(file);
        }
    }

    /** The tool that {@code -Dkvant.<name>} names, else the one that the build fetched, else that of the PATH. */
    static Path find(String name) {
        String named = System.getProperty("kvant." + name);
        String root = System.getProperty("kvant.root", ".");
        Optional<Path> found = named != null
                ? Optional.of(Path.of(named))
                : Stream.concat(
                                Stream.of(Path.of(root, "build", "tools")),
                                Stream.of(System.getenv()
                                                .getOrDefault("PATH", "")
                                                .split(":"))
                                        .map(Path::of))
                        .map(folder -> folder.resolve(name))
                        .filter(Files::isExecutable)
                        .findFirst();
        return found.filter(Files::isExecutable)
                .orElseThrow(
                        () -> new AssertionError(
                                "No " + name + (named == null ? "" : " at " + named)
                                        + ": run monitoring/fetch-prometheus.sh build/tools, or install Prometheus (Debian: apt install prometheus)."));
    }
}
