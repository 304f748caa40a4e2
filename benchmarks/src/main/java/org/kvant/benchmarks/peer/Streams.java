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

    static void measure(ServerProcess server, String who, Figures figures, int seconds) throws InterruptedException {
        List<Double> gaps = Collections.synchronizedList(new ArrayList<>());
        List<Double> firsts = Collections.synchronizedList(new ArrayList<>());
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
                    firsts.add(StreamedCompletion.again(http, server, text, LONG_PROMPT_TOKENS)
                            .firstToken());
                    return null;
                });
            }
            TimeUnit.NANOSECONDS.sleep(Math.max(0, end - System.nanoTime()));
            List<Double> seen = List.copyOf(gaps);
            prompts.shutdown();
            boolean all = prompts.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS);
            streams.shutdownNow();
            prompts.shutdownNow();
            http.shutdownNow();
            report(who, figures, seen, firsts, sent, all, seconds);
        }
    }

    private static Void keepStreaming(HttpClient http, ServerProcess server, int stream, long end, List<Double> gaps)
            throws InterruptedException {
        for (int turn = 0; System.nanoTime() < end; turn++) {
            try {
                StreamedCompletion.run(
                        http,
                        server,
                        "Story " + stream + ", part " + turn + ". " + Prompts.CHAT,
                        STREAM_TOKENS,
                        gaps::add);
            } catch (IOException e) {
                // A stream that broke off is asked for again; the time without text shows in the gaps that are missing.
                System.err.println("  stream " + stream + ": " + e.getMessage());
            }
        }
        return null;
    }

    private static void report(
            String who, Figures figures, List<Double> gaps, List<Double> firsts, int sent, boolean all, int seconds) {
        double median = Figures.quantile(gaps, 0.5);
        double p99 = Figures.quantile(gaps, 0.99);
        figures.record("4 streams beside long prompts: gaps' median, ms", who, median * 1e3);
        figures.record("4 streams beside long prompts: gaps' p99, ms", who, p99 * 1e3);
        figures.record("4 streams beside long prompts: gaps' p99 / median", who, p99 / median);
        figures.record("4 streams beside long prompts: longest gap, ms", who, Figures.quantile(gaps, 1) * 1e3);
        figures.record("4 streams beside long prompts: pieces of text a second", who, gaps.size() / (double) seconds);
        figures.record(
                "2,000-word prompts beside 4 streams: first token, median s", who, Figures.median(List.copyOf(firsts)));
        figures.record(
                "2,000-word prompts beside 4 streams: first token, longest s",
                who,
                Figures.quantile(List.copyOf(firsts), 1));
        figures.record("2,000-word prompts unanswered a minute after the last", who, all ? 0 : sent - firsts.size());
    }
}
