package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Kvant, llama-server and llama.cpp's benches at the same work, in turn, several rounds; prints medians and ratios as Markdown.
 *
 * <pre>make bench-peer LLAMA_SERVER=path LLAMA_BENCH=path MODEL=file [THREADS=2] [ROUNDS=5] [STARTS=9] [SECONDS=60] [CASES=start,stream,...]</pre>
 */
public final class PeerBench {
    private PeerBench() {}

    /** Arguments: bin/kvant, llama-server, llama-bench, the model, threads, rounds, starts, seconds of the longest case, cases or "all", and a file for the medians. */
    public static void main(String[] args) throws Exception {
        if (args.length < 9 || args.length > 10) {
            System.err.println(
                    "usage: PeerBench KVANT LLAMA_SERVER LLAMA_BENCH MODEL THREADS ROUNDS STARTS SECONDS CASES [TABLE.csv]");
            System.exit(2);
        }
        Peers peers = new Peers(args[0], args[1], args[2], args[3], Integer.parseInt(args[4]), new AtomicInteger());
        int rounds = Integer.parseInt(args[5]);
        int starts = Integer.parseInt(args[6]);
        int seconds = Integer.parseInt(args[7]);
        Figures figures = new Figures();
        List<String> loads = new ArrayList<>();
        for (PeerCase work : cases(args[8])) {
            // Minutes of the same once are enough, where a single start says little.
            int times = work == PeerCase.START ? starts : work == PeerCase.KEPT_ALIVE ? 1 : rounds;
            loads.add(work.name().toLowerCase(Locale.ROOT) + " " + load());
            for (int round = 1; round <= times; round++) {
                System.err.println(work + ", round " + round + " of " + times);
                work.round(peers, figures, seconds);
            }
        }
        System.out.println("Medians; q8_0 cache, " + peers.threads() + " threads on "
                + Runtime.getRuntime().availableProcessors() + " processors, "
                + Path.of(peers.model()).getFileName() + "; load average before each case: "
                + String.join(", ", loads));
        System.out.println();
        System.out.print(figures.markdown());
        if (args.length == 10) {
            PeerPicture.write(figures.rows(), Path.of(args[9]));
        }
        if (peers.failures().get() > 0) {
            System.err.println(peers.failures() + " runs failed; their figures are missing");
            System.exit(1);
        }
    }

    private static List<PeerCase> cases(String names) {
        if (names.equals("all")) {
            return List.of(PeerCase.values());
        }
        return Arrays.stream(names.split(","))
                .map(name ->
                        PeerCase.valueOf(name.strip().toUpperCase(Locale.ROOT).replace('-', '_')))
                .toList();
    }

    /** What else keeps this machine busy (Linux). */
    private static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg"))
                    .replaceAll("\\s.*", "")
                    .strip();
        } catch (IOException notLinux) {
            return "unknown";
        }
    }
}
