package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One comparison. A round of it runs ours and theirs once each. */
enum PeerCase {
    /** From starting the process until it answers that it is ready. */
    START {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws InterruptedException {
            peers.inTurn(1, 2048, (server, who) -> figures.record("start to ready, s", who, server.readySeconds()));
        }
    },
    /** One stream of 128 tokens after 64 words; llama-bench with three ways of waiting. */
    STREAM {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws Exception {
            peers.inTurn(1, 2048, (server, who) -> oneStream(server, who, figures));
            for (int poll : List.of(0, 50, 100)) {
                figures.record(
                        "one stream: decode tok/s",
                        "llama-bench --poll " + poll,
                        found(AVERAGE_RATE, Peers.output(peers.bench(TOKENS, poll))));
            }
        }
    },
    /** 16 clients with prompts of about 80 tokens of their own, 64 tokens out. */
    CLIENTS {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws Exception {
            peers.inTurn(16, 16 * 1024, (server, who) -> {
                many(server, 4, 64, (client, request) -> Prompts.words(client * 1_000L + request, 70));
                Clients seen = many(
                        server, 3, 64, (client, request) -> Prompts.words(1L << 32 | client * 1_000L + request, 70));
                figures.record("16 clients: tok/s in and out", who, seen.totalRate());
                figures.record("16 clients: first token, median s", who, Figures.median(seen.firstTokens()));
                figures.record("16 clients: first token, p95 s", who, Figures.quantile(seen.firstTokens(), 0.95));
                figures.record("16 clients: connections dropped", who, seen.dropped.get());
                figures.record("16 clients: resident set, MiB", who, server.residentMebibytes());
            });
            List<String> raw = peers.batchedBench(16, 80, 64);
            if (raw != null) {
                figures.record(
                        "16 clients: tok/s in and out", "llama-batched-bench", found(TOTAL_RATE, Peers.output(raw)));
            }
        }
    },
    /** 16 clients whose prompts begin with the same 500 words, 48 tokens out. */
    SHARED {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws InterruptedException {
            String system = Prompts.words(7, 500);
            peers.inTurn(16, 16 * 1024, (server, who) -> {
                Clients seen = many(
                        server, 3, 48, (client, request) -> system + " " + Prompts.words(client * 1_000L + request, 8));
                figures.record("16 clients, shared 500 words: tok/s out", who, seen.generatedRate());
                figures.record(
                        "16 clients, shared 500 words: first token, median s", who, Figures.median(seen.firstTokens()));
                figures.record(
                        "16 clients, shared 500 words: first token, p95 s",
                        who,
                        Figures.quantile(seen.firstTokens(), 0.95));
                figures.record("16 clients, shared 500 words: connections dropped", who, seen.dropped.get());
            });
        }
    },
    /** 4 of 8 sequences of 4,096 stream while a prompt of 2,000 words arrives every 8 seconds. */
    LONG {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws InterruptedException {
            peers.inTurn(8, 8 * 4096, (server, who) -> Streams.measure(server, who, figures, 40));
        }
    },
    /** Texts that repeat their prompts, with and without looking tokens up there. */
    REPETITIVE {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws InterruptedException {
            Peers.Work work = (server, who) -> {
                try (HttpClient client = StreamedCompletion.client()) {
                    StreamedCompletion.again(client, server, "1 " + RepetitiveText.JSON.escaped(), 256);
                    for (RepetitiveText text : RepetitiveText.values()) {
                        StreamedCompletion seen = StreamedCompletion.again(client, server, text.escaped(), 256);
                        String what = "repetitive text, " + text.name().toLowerCase(Locale.ROOT) + ": decode tok/s";
                        figures.record(what, who, 1 / seen.betweenTokens());
                    }
                }
            };
            peers.inTurn(1, 4096, work);
            peers.run(Figures.OURS + " --no-prompt-lookup", peers.ours(1, 4096, "--no-prompt-lookup"), work);
        }
    },
    /** 64 clients on 16 sequences on kept-alive connections for some minutes. */
    KEPT_ALIVE {
        @Override
        void round(Peers peers, Figures figures, int seconds) throws InterruptedException {
            peers.inTurn(16, 16 * 1024, (server, who) -> {
                many(server, 1, 32, (client, request) -> Prompts.words(client, 40));
                double before = server.residentMebibytes();
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
                Clients seen = Clients.run(
                        server,
                        64,
                        Integer.MAX_VALUE,
                        deadline,
                        32,
                        (client, request) -> Prompts.words(client * 100_000L + request, 40));
                String what = String.format(Locale.ROOT, "64 clients for %d s: ", seconds);
                figures.record(what + "requests answered", who, seen.answers.size());
                figures.record(what + "connections dropped", who, seen.dropped.get());
                figures.record(what + "requests failed twice", who, seen.failed.get());
                figures.record(what + "resident set's growth, MiB", who, server.residentMebibytes() - before);
            });
        }
    };

    private static final int TOKENS = 128;
    private static final Pattern AVERAGE_RATE = Pattern.compile("\"avg_ts\":\\s*([0-9.]+)");
    private static final Pattern TOTAL_RATE = Pattern.compile("\"speed\":\\s*([0-9.]+)");

    /** @param seconds how long {@link #KEPT_ALIVE} lasts */
    abstract void round(Peers peers, Figures figures, int seconds) throws Exception;

    private static Clients many(ServerProcess server, int requests, int tokens, Clients.Asked asked)
            throws InterruptedException {
        return Clients.run(server, 16, requests, tokens, asked);
    }

    private static void oneStream(ServerProcess server, String who, Figures figures) throws Exception {
        try (HttpClient client = StreamedCompletion.client()) {
            // What a JIT compiler or a page cache still has to learn is not what a long-running server shows.
            for (int i = 0; i < 3; i++) {
                StreamedCompletion.again(client, server, "Warm-up " + i + ". " + Prompts.CHAT, TOKENS);
            }
            for (int i = 0; i < 3; i++) {
                StreamedCompletion seen =
                        StreamedCompletion.again(client, server, "Part " + i + ". " + Prompts.CHAT, TOKENS);
                figures.record("one stream: decode tok/s", who, 1 / seen.betweenTokens());
                figures.record("one stream: first token, ms", who, seen.firstToken() * 1e3);
                figures.record("one stream: whole request, tok/s", who, seen.tokens() / seen.total());
            }
            figures.record("one stream: resident set, MiB", who, server.residentMebibytes());
        }
    }

    private static double found(Pattern pattern, String text) throws IOException {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IOException("no " + pattern + " in: " + text);
        }
        return Double.parseDouble(matcher.group(1));
    }
}
