package org.kvant.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A command in a JVM of its own, from the classes under test: its exit code and its signals can then be seen. */
public final class CommandProcess implements AutoCloseable {
    private final Process process;
    private final StringBuffer output = new StringBuffer();
    private final Thread reader;

    private CommandProcess(Process process) {
        this.process = process;
        this.reader = Thread.ofPlatform().daemon().start(this::read);
    }

    public static CommandProcess start(String... arguments) throws IOException {
        return start(List.of(), arguments);
    }

    /** With further options of the JVM. */
    public static CommandProcess start(List<String> options, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(Signals.DEFAULT_INTERRUPT);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx384m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of(
                "-Dkvant.native.dir=" + System.getProperty("kvant.native.dir"),
                "-cp",
                System.getProperty("java.class.path"),
                "org.kvant.cli.Main"));
        command.addAll(List.of(arguments));
        return new CommandProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.append(line).append('\n');
            }
        } catch (IOException e) {
            output.append(e).append('\n');
        }
    }

    public boolean running() {
        return process.isAlive();
    }

    public String output() {
        return output.toString();
    }

    /** Runs to the end and gives the exit code; the output is then complete. */
    public int await() throws InterruptedException {
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            throw new AssertionError("still running:\n" + output);
        }
        reader.join();
        return process.exitValue();
    }

    /** Waits for a line of output and gives the first group of its first match. */
    public String await(Pattern pattern) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (System.nanoTime() < deadline) {
            boolean ended = !process.isAlive() && !reader.isAlive();
            Matcher found = pattern.matcher(output);
            if (found.find()) {
                return found.group(1);
            }
            if (ended) {
                throw new AssertionError("ended with " + process.exitValue() + ":\n" + output);
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no " + pattern + " in:\n" + output);
    }

    public void signal(String name) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        if (code != 0) {
            throw new AssertionError("kill failed with " + code);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
