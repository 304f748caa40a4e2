package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The programs to compare and how each is started for the same work: same model, threads, sequences, cells and q8_0 cache.
 *
 * @param kvant bin/kvant
 * @param llamaServer llama.cpp's server
 * @param llamaBench llama.cpp's bench; llama-batched-bench is taken from the same folder, if it is there
 * @param model GGUF file
 * @param threads that compute, for prompts and tokens
 * @param failures counts the runs that a program did not survive
 */
record Peers(String kvant, String llamaServer, String llamaBench, String model, int threads, AtomicInteger failures) {

    /** @param extra further options of {@code kvant serve} */
    List<String> ours(int sequences, int cells, String... extra) {
        List<String> command = new ArrayList<>(List.of(
                kvant,
                "serve",
                "-m",
                model,
                "--threads",
                Integer.toString(threads),
                "--parallel",
                Integer.toString(sequences),
                "--ctx-size",
                Integer.toString(cells),
                "--cache-type-k",
                "q8_0",
                "--cache-type-v",
                "q8_0"));
        command.addAll(List.of(extra));
        return command;
    }

    List<String> theirs(int sequences, int cells) {
        return List.of(
                llamaServer,
                "-m",
                model,
                "-t",
                Integer.toString(threads),
                "-np",
                Integer.toString(sequences),
                "-c",
                Integer.toString(cells),
                "-ctk",
                "q8_0",
                "-ctv",
                "q8_0",
                "--host",
                "127.0.0.1");
    }

    List<String> bench(int tokens, int poll) {
        return List.of(
                llamaBench,
                "-m",
                model,
                "-t",
                Integer.toString(threads),
                "-p",
                "0",
                "-n",
                Integer.toString(tokens),
                "-r",
                "2",
                "--poll",
                Integer.toString(poll),
                "-ctk",
                "q8_0",
                "-ctv",
                "q8_0",
                "-fa",
                "1",
                "-o",
                "json");
    }

    /** Null where there is no llama-batched-bench. */
    @org.jspecify.annotations.Nullable
    List<String> batchedBench(int sequences, int prompt, int tokens) {
        Path program = Path.of(llamaBench).resolveSibling("llama-batched-bench");
        if (!Files.isExecutable(program)) {
            return null;
        }
        return List.of(
                program.toString(),
                "-m",
                model,
                "-t",
                Integer.toString(threads),
                "-npp",
                Integer.toString(prompt),
                "-ntg",
                Integer.toString(tokens),
                "-npl",
                Integer.toString(sequences),
                "-c",
                Integer.toString(sequences * 1024),
                "-ctk",
                "q8_0",
                "-ctv",
                "q8_0",
                "-fa",
                "on",
                "--output-format",
                "jsonl");
    }

    /** What a case does with a server that is ready. */
    @FunctionalInterface
    interface Work {
        void on(ServerProcess server, String who) throws Exception;
    }

    /** Ours, then theirs, each freshly started for the work and stopped after it. A program that fails is reported, and its log kept. */
    void inTurn(int sequences, int cells, Work work) throws InterruptedException {
        run(Figures.OURS, ours(sequences, cells), work);
        run(Figures.THEIRS, theirs(sequences, cells), work);
    }

    void run(String who, List<String> command, Work work) throws InterruptedException {
        try {
            Path log = Files.createTempFile("peer-" + who, ".log");
            try (ServerProcess server =
                    ServerProcess.start(command, who.startsWith(Figures.OURS) ? "/ready" : "/health", log)) {
                work.on(server, who);
            }
            Files.delete(log);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            failures.incrementAndGet();
            System.err.println("  " + who + ": " + e);
        }
    }

    /** The standard output of a program that ends by itself. */
    static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command.getFirst() + " ended with " + process.exitValue());
        }
        return out;
    }
}
