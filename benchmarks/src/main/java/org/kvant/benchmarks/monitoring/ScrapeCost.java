package org.kvant.benchmarks.monitoring;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What scraping each second costs a busy server: throughput with and without, in turn, several rounds; prints medians and their ratio.
 *
 * <pre>java -cp benchmarks.jar org.kvant.benchmarks.monitoring.ScrapeCost http://127.0.0.1:8080 ROUNDS SECONDS STREAMS</pre>
 *
 * Throughput is the server's own count of tokens over the time between two scrapes, of which there is one at both ends of each turn.
 */
public final class ScrapeCost {
    private static final Pattern GENERATED = Pattern.compile("(?m)^kvant_generated_tokens_total\\{[^}]*} (\\S+)$");
    private static final String BODY =
            "{\"prompt\":\"Once upon a time\",\"max_tokens\":256,\"ignore_eos\":true,\"temperature\":0.8}";

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Double> scrapes = new ArrayList<>();
    private final String url;
    private int bytes;

    private ScrapeCost(String url) {
        this.url = url;
    }

    /** Arguments: the server's address, rounds, seconds of each turn, requests at a time. */
    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            System.err.println("usage: ScrapeCost URL ROUNDS SECONDS STREAMS");
            System.exit(2);
        }
        new ScrapeCost(args[0]).run(Integer.parseInt(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    }

    private void run(int rounds, int seconds, int streams) throws Exception {
        List<Double> without = new ArrayList<>();
        List<Double> with = new ArrayList<>();
        try (ExecutorService load = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < streams; i++) {
                var _ = load.submit(this::generate);
            }
            try {
                // The first requests compile what all others run.
                TimeUnit.SECONDS.sleep(seconds);
                for (int round = 1; round <= rounds; round++) {
                    without.add(turn(seconds, false));
                    with.add(turn(seconds, true));
                    System.err.printf(
                            Locale.ROOT,
                            "round %d: %.1f tokens/s without, %.1f with%n",
                            round,
                            without.getLast(),
                            with.getLast());
                }
            } finally {
                over.set(true);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%.1f tokens/s without scrapes, %.1f with one each second: %.4f (medians of %d turns of %d s, %d streams)%n",
                median(without),
                median(with),
                median(with) / median(without),
                rounds,
                seconds,
                streams);
        System.out.printf(Locale.ROOT, "a scrape: %.1f ms, %,d bytes%n", median(scrapes) * 1e3, bytes);
    }

    private Void generate() throws InterruptedException, IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(BODY))
                .build();
        while (!over.get()) {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException(answer.body());
            }
        }
        return null;
    }

    /** Tokens a second. */
    private double turn(int seconds, boolean scraping) throws IOException, InterruptedException {
        double before = generated();
        long begin = System.nanoTime();
        for (int second = 1; second <= seconds; second++) {
            TimeUnit.NANOSECONDS.sleep(begin + TimeUnit.SECONDS.toNanos(second) - System.nanoTime());
            if (scraping && second < seconds) {
                double unused = generated();
            }
        }
        double tokens = generated() - before;
        return tokens / ((System.nanoTime() - begin) / 1e9);
    }

    private double generated() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        String text = client.send(
                        HttpRequest.newBuilder(URI.create(url + "/metrics?names=kvant"))
                                .header("Accept", "application/openmetrics-text; version=1.0.0")
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        scrapes.add((System.nanoTime() - begin) / 1e9);
        bytes = text.length();
        Matcher line = GENERATED.matcher(text);
        if (!line.find()) {
            throw new IOException("no kvant_generated_tokens_total at " + url + "/metrics");
        }
        return Double.parseDouble(line.group(1));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
