package org.kvant.llama;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM for what may end a JVM. */
public final class ChildJvm {
    private ChildJvm() {}

    /**
     * How it ended.
     *
     * @param exitCode 134 and 139 are what a shell would say of an abort and a segmentation fault; -1 if it had to be killed
     * @param lines standard output and error
     */
    public record Result(int exitCode, List<String> lines) {
        public String text() {
            return String.join("\n", lines);
        }
    }

    /** Runs a class of the test class path with the same libraries. */
    public static Result run(Class<?> main, List<String> arguments, int timeoutSeconds) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-Dkvant.native.dir=" + System.getProperty("kvant.native.dir", ""),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new ArrayList<>();
        Thread reader = Thread.ofPlatform().start(() -> read(process, lines));
        try {
            boolean ended = process.waitFor(timeoutSeconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly();
            }
            reader.join();
            return new Result(ended ? process.exitValue() : -1, lines);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new IOException("interrupted", e);
        }
    }

    private static void read(Process process, List<String> lines) {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = reader.readLine()) != null) {
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
