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

/** {@code bin/kvant} as a user starts it: the launcher, the collected jars and the fetched libraries. */
final class KvantProcess implements AutoCloseable {

    private static final Path ROOT = Path.of(System.getProperty("kvant.root", ".."));

    private final Process process;
    private final StringBuffer output = new StringBuffer();
    private final Thread reader;

    private KvantProcess(Process process) {
        this.process = process;
        // A full pipe would stop the program, so somebody must read all the time.
        this.reader = Thread.ofPlatform().daemon().start(() -> {
            try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    output.append(line).append('\n');
                }
            } catch (IOException ended) {
                output.append("(output ended: ").append(ended.getMessage()).append(")\n");
            }
        });
    }

    public static Path root() {
        return ROOT;
    }

    /** Starts {@code bin/kvant arguments…} with standard error joined to standard output. */
    public static KvantProcess start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(Signals.DEFAULT_INTERRUPT);
        command.add(ROOT.resolve("bin/kvant").toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("KVANT_NATIVE_DIR", System.getProperty("kvant.native.dir", ""));
        return new KvantProcess(builder.start());
    }

    /** Runs to the end and gives the exit code; the output is then complete. */
    public int await(int seconds) throws InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running after " + seconds + " s:\n" + output);
        }
        reader.join();
        return process.exitValue();
    }

    public String output() {
        return output.toString();
    }

    /** Waits until the output holds {@code pattern} and gives its first group. */
    public String awaitOutput(Pattern pattern, int seconds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() < deadline) {
            Matcher found = pattern.matcher(output);
            if (found.find()) {
                return found.group(1);
            }
            if (!process.isAlive()) {
                reader.join();
                if (pattern.matcher(output).find()) {
                    continue;
                }
                throw new AssertionError("ended with " + process.exitValue() + ":\n" + output);
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no " + pattern + " after " + seconds + " s:\n" + output);
    }

    /** What Ctrl-C sends. */
    public void interrupt() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
