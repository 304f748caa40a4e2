package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Streams that keep running while long prompts arrive at fixed times, whether or not the ones before are done. */
final class Streams {
    private static final int STREAMS = 4;
    private static final int STREAM_TOKENS = 512;
    private static final int LONG_PROMPT_WORDS = 2_000;
    private static final int LONG_PROMPT_TOKENS = 16;
    private static final long EVERY_SECONDS = 8;
    /** What prompts that came late still get, so that their time to first token counts. */
    private static final long GRACE_SECONDS = 60;

    private Streams() {}

    /** Time between two pieces of a stream; times by {@link System#nanoTime()}. */
    private record Gap(long end, double seconds) {}

    /** While a long prompt waits for its first token. */
    private record Wait(long begin, long end) {
        boolean holds(Gap gap) {
            return gap.end - begin >= 0 && gap.end - end <= 0;
        }

        double seconds() {
            return (end - begin) * 1e-9;
        }
    }

    static void measure(ServerProcess server, String who, Figures figures, int seconds) throws InterruptedException {
        List<Gap> gaps = Collections.synchronizedList(new ArrayList<>());
        List<Wait> waits = Collections.synchronizedList(new ArrayList<>());
        long begin = System.nanoTime();
        long end = begin + TimeUnit.SECONDS.toNanos(seconds);
        ExecutorService streams = Executors.newVirtualThreadPerTaskExecutor();
        ExecutorService prompts = Executors.newVirtualThreadPerTaskExecutor();
        try (HttpClient http = StreamedCompletion.client()) {
            for (int i = 0; i < STREAMS; i++) {
                int stream = i;
                var _ = streams.submit(() -> keepStreaming(http, server, stream, end, gaps));
            }
            // The streams are to be under way when the first long prompt comes.
            TimeUnit.SECONDS.sleep(1);
            int sent = 0;
            for (long at = System.nanoTime(); at < end; at += TimeUnit.SECONDS.toNanos(EVERY_SECONDS)) {
                TimeUnit.NANOSECONDS.sleep(Math.max(0, at - System.nanoTime()));
                int number = sent++;
                var _ = prompts.submit(() -> {
                    String text = Prompts.words(1_000 + number, LONG_PROMPT_WORDS);
                    long asked = System.nanoTime();
                    double first = StreamedCompletion.again(http, server, text, LONG_PROMPT_TOKENS)
                            .firstToken();
                    waits.add(new Wait(asked, asked + (long) (first * 1e9)));
                    return null;
                });
            }
            TimeUnit.NANOSECONDS.sleep(Math.max(0, end - System.nanoTime()));
            List<Gap> seen = List.copyOf(gaps);
            prompts.shutdown();
            boolean all = prompts.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS);
            streams.shutdownNow();
            prompts.shutdownNow();
            http.shutdownNow();
            report(who, figures, seen, List.copyOf(waits), sent, all, seconds);
        }
    }

    private static Void keepStreaming(HttpClient http, ServerProcess server, int stream, long end, List<Gap> gaps)
            throws InterruptedException {
        for (int turn = 0; System.nanoTime() < end; turn++) {
            try {
                StreamedCompletion.run(
                        http,
                        server,
                        "Story " + stream + ", part " + turn + ". " + Prompts.CHAT,
                        STREAM_TOKENS,
                        seconds -> gaps.add(new Gap(System.nanoTime(), seconds)));
            } catch (IOException e) {
                // A stream that broke off is asked for again; the time without text shows in the gaps that are missing.
                System.err.println("  stream " + stream + ": " + e.getMessage());
            }
        }
        return null;
    }

    private static void report(
            String who, Figures figures, List<Gap> all, List<Wait> waits, int sent, boolean answered, int seconds) {
        List<Double> gaps = all.stream().map(Gap::seconds).toList();
        List<Double> beside = all.stream()
                .filter(gap -> waits.stream().anyMatch(wait -> wait.holds(gap)))
                .map(Gap::seconds)
                .toList();
        List<Double> firsts = waits.stream().map(Wait::seconds).toList();
        double p99 = Figures.quantile(gaps, 0.99);
        figures.record("4 streams beside long prompts: gaps' median, ms", who, Figures.quantile(gaps, 0.5) * 1e3);
        figures.record("4 streams beside long prompts: gaps' p99, ms", who, p99 * 1e3);
        figures.record("4 streams beside long prompts: gaps' p99 / median", who, p99 / Figures.quantile(gaps, 0.5));
        if (!beside.isEmpty()) {
            // A server that is done before the next prompt comes has two kinds of gaps, and the median is of the other
            // kind.
            double median = Figures.quantile(beside, 0.5);
            figures.record("the same while a long prompt waits: gaps' median, ms", who, median * 1e3);
            figures.record(
                    "the same while a long prompt waits: gaps' p99 / median",
                    who,
                    Figures.quantile(beside, 0.99) / median);
        }
        figures.record("4 streams beside long prompts: longest gap, ms", who, Figures.quantile(gaps, 1) * 1e3);
        figures.record("4 streams beside long prompts: pieces of text a second", who, gaps.size() / (double) seconds);
        if (!firsts.isEmpty()) {
            figures.record("2,000-word prompts beside 4 streams: first token, median s", who, Figures.median(firsts));
            figures.record(
                    "2,000-word prompts beside 4 streams: first token, longest s", who, Figures.quantile(firsts, 1));
        }
        figures.record(
                "2,000-word prompts unanswered a minute after the last", who, answered ? 0 : sent - firsts.size());
    }
}
