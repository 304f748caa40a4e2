package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A number of clients that each send one request after the other on kept-alive connections. */
final class Clients {
    /** What a client asks; {@code request} counts from 0 for each client. */
    @FunctionalInterface
    interface Asked {
        String prompt(int client, int request);
    }

    final List<StreamedCompletion> answers = Collections.synchronizedList(new ArrayList<>());
    /** Requests that found their connection dropped and were sent again. */
    final AtomicInteger dropped = new AtomicInteger();
    /** Requests without an answer, after they were sent again. */
    final AtomicInteger failed = new AtomicInteger();

    private double seconds;

    private Clients() {}

    /** Returns when every client has had {@code requests} answers or failures. */
    static Clients run(ServerProcess server, int clients, int requests, int tokens, Asked asked)
            throws InterruptedException {
        return run(server, clients, requests, Long.MAX_VALUE, tokens, asked);
    }

    /** The same; no client begins a request after {@code deadline}, a {@link System#nanoTime}. */
    static Clients run(ServerProcess server, int clients, int requests, long deadline, int tokens, Asked asked)
            throws InterruptedException {
        Clients all = new Clients();
        long begin = System.nanoTime();
        try (HttpClient http = StreamedCompletion.client();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int c = 0; c < clients; c++) {
                int client = c;
                var _ = threads.submit(() -> {
                    for (int r = 0; r < requests && (deadline == Long.MAX_VALUE || System.nanoTime() < deadline); r++) {
                        all.ask(http, server, asked.prompt(client, r), tokens);
                    }
                    return null;
                });
            }
            threads.shutdown();
            boolean ended = threads.awaitTermination(1, TimeUnit.HOURS);
            if (!ended) {
                throw new IllegalStateException("clients still wait after an hour");
            }
        }
        all.seconds = (System.nanoTime() - begin) / 1e9;
        return all;
    }

    private void ask(HttpClient http, ServerProcess server, String prompt, int tokens) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                answers.add(StreamedCompletion.run(http, server, prompt, tokens));
                return;
            } catch (IOException e) {
                if (attempt == 2) {
                    System.err.println("  failed: " + e.getMessage());
                    failed.incrementAndGet();
                    return;
                }
                dropped.incrementAndGet();
            }
        }
    }

    /** Generated tokens a second, of all clients together. */
    double generatedRate() {
        return answers.stream().mapToInt(StreamedCompletion::tokens).sum() / seconds;
    }

    /** Prompt and generated tokens a second, of all clients together. */
    double totalRate() {
        return answers.stream().mapToInt(a -> a.promptTokens() + a.tokens()).sum() / seconds;
    }

    List<Double> firstTokens() {
        return answers.stream().map(StreamedCompletion::firstToken).toList();
    }
}
