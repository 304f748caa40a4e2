package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One stream on Kvant, on llama-server and in llama-bench, in turn, several rounds; prints medians and ratios.
 *
 * <pre>make bench-peer LLAMA_SERVER=path LLAMA_BENCH=path MODEL=file [THREADS=2] [ROUNDS=5]</pre>
 */
public final class PeerBench {

    /** 64 words, so that the prefill is a chat turn's and not a document's. */
    private static final String PROMPT =
            "The old lighthouse keeper walked down to the harbour every morning before the sun "
                    + "came up, carried his lamp and his coffee, counted the boats that had come back during the night, and wrote "
                    + "their names into a small blue book that nobody else had ever been allowed to read. One day in late "
                    + "autumn, one of the boats was missing, and";

    private static final int TOKENS = 128;
    private static final Pattern BENCH_RATE = Pattern.compile("\"avg_ts\":\\s*([0-9.]+)");

    private final Map<String, List<Double>> samples = new LinkedHashMap<>();

    private PeerBench() {}

    /** Arguments: bin/kvant, llama-server, llama-bench, the model, threads, rounds. */
    public static void main(String[] args) throws Exception {
        if (args.length != 6) {
            System.err.println("usage: PeerBench KVANT LLAMA_SERVER LLAMA_BENCH MODEL THREADS ROUNDS");
            System.exit(2);
        }
        String model = args[3];
        String threads = args[4];
        List<String> ours = List.of(
                args[0],
                "serve",
                "-m",
                model,
                "--threads",
                threads,
                "--parallel",
                "1",
                "--ctx-size",
                "2048",
                "--cache-type-k",
                "q8_0",
                "--cache-type-v",
                "q8_0");
        List<String> theirs = List.of(
                args[1],
                "-m",
                model,
                "-t",
                threads,
                "-np",
                "1",
                "-c",
                "2048",
                "-ctk",
                "q8_0",
                "-ctv",
                "q8_0",
                "--host",
                "127.0.0.1");
        List<String> raw = List.of(
                args[2],
                "-m",
                model,
                "-t",
                threads,
                "-p",
                "0",
                "-n",
                Integer.toString(TOKENS),
                "-r",
                "2",
                "-ctk",
                "q8_0",
                "-ctv",
                "q8_0",
                "-fa",
                "1",
                "-o",
                "json");
        PeerBench bench = new PeerBench();
        for (int round = 1; round <= Integer.parseInt(args[5]); round++) {
            System.err.println("round " + round);
            bench.serve("kvant", ours, "/ready");
            bench.serve("llama-server", theirs, "/health");
            bench.record("llama-bench", "decode tok/s", bench.rawRate(raw));
        }
        bench.print(model, threads);
    }

    private void serve(String who, List<String> command, String readyPath) throws Exception {
        Path log = Files.createTempFile("peer-" + who, ".log");
        try (ServerProcess server = ServerProcess.start(command, readyPath, log);
                HttpClient client = StreamedCompletion.client()) {
            record(who, "start to ready, s", server.readySeconds());
            // What a JIT compiler or a page cache still has to learn is not what a long-running server shows.
            for (int i = 0; i < 3; i++) {
                StreamedCompletion.run(client, server, "Warm-up " + i + ". " + PROMPT, TOKENS);
            }
            for (int i = 0; i < 3; i++) {
                StreamedCompletion seen = StreamedCompletion.run(client, server, "Part " + i + ". " + PROMPT, TOKENS);
                record(who, "decode tok/s", 1 / seen.betweenTokens());
                record(who, "time to first token, ms", seen.firstToken() * 1e3);
                record(who, "whole request, tok/s", seen.tokens() / seen.total());
            }
            record(who, "resident set, MiB", server.residentMebibytes());
        }
        Files.delete(log);
    }

    private double rawRate(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher rate = BENCH_RATE.matcher(out);
        if (process.waitFor() != 0 || !rate.find()) {
            throw new IOException(command.getFirst() + " printed no rate: " + out);
        }
        return Double.parseDouble(rate.group(1));
    }

    private void record(String who, String what, double value) {
        samples.computeIfAbsent(what + "\t" + who, k -> new ArrayList<>()).add(value);
    }

    private double median(String what, String who) {
        List<Double> values = samples.get(what + "\t" + who);
        if (values == null) {
            return Double.NaN;
        }
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int mid = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
    }

    private void print(String model, String threads) {
        System.out.println("Medians; one stream, " + TOKENS + " tokens, q8_0 cache, " + threads + " threads, "
                + Path.of(model).getFileName());
        System.out.println();
        System.out.println(
                "| what | kvant | llama-server | llama-bench | kvant / llama-server | kvant / llama-bench |");
        System.out.println("|---|---|---|---|---|---|");
        for (String what : Arrays.asList(
                "decode tok/s",
                "whole request, tok/s",
                "time to first token, ms",
                "start to ready, s",
                "resident set, MiB")) {
            double ours = median(what, "kvant");
            double theirs = median(what, "llama-server");
            double raw = median(what, "llama-bench");
            System.out.printf(
                    "| %s | %.2f | %.2f | %s | %.3f | %s |%n",
                    what, ours, theirs, number(raw), ours / theirs, number(ours / raw));
        }
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : "%.3f".formatted(value);
    }
}
