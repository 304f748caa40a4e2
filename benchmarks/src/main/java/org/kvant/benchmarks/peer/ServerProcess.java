package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server started as a process of its own on a free port of the loopback interface; closing it sends SIGTERM and waits. */
final class ServerProcess implements AutoCloseable {

    private static final long START_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);

    private final Process process;
    private final int port;
    private final long readyNanos;

    private ServerProcess(Process process, int port, long readyNanos) {
        this.process = process;
        this.port = port;
        this.readyNanos = readyNanos;
    }

    /**
     * Starts {@code command} followed by {@code --port N} and waits until {@code readyPath} answers 200.
     *
     * @throws IOException if the process ends or is not ready within two minutes; names the log
     */
    static ServerProcess start(List<String> command, String readyPath, Path log) throws IOException {
        int port = freePort();
        List<String> full = new java.util.ArrayList<>(command);
        full.addAll(List.of("--port", Integer.toString(port)));
        long started = System.nanoTime();
        Process process = new ProcessBuilder(full)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try (HttpClient client = StreamedCompletion.client()) {
            HttpRequest probe = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + readyPath))
                    .build();
            while (System.nanoTime() - started < START_LIMIT_NANOS) {
                if (!process.isAlive()) {
                    throw new IOException(command.getFirst() + " ended with " + process.exitValue() + ": see " + log);
                }
                if (answers200(client, probe)) {
                    return new ServerProcess(process, port, System.nanoTime() - started);
                }
                Thread.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        throw new IOException(command.getFirst() + " was not ready in time: see " + log);
    }

    private static boolean answers200(HttpClient client, HttpRequest probe) throws InterruptedException {
        try {
            return client.send(probe, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notListeningYet) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    double readySeconds() {
        return readyNanos / 1e9;
    }

    /** Resident set of the process in MiB (Linux; NaN elsewhere). */
    double residentMebibytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
                }
            }
        } catch (IOException notLinux) {
            return Double.NaN;
        }
        return Double.NaN;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted while a server stopped", e));
        }
    }
}
