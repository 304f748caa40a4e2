package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.kvant.engine.Engine;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineState;
import org.kvant.http.HttpOptions;
import org.kvant.http.HttpService;
import org.kvant.testkit.DemoModel;

/**
 * The histograms against what a real client saw. Sixteen requests at one sequence wait for each other, so that both sums are seconds and what HTTP adds
 * to each is little beside them, on a busy machine too.
 */
class AccuracyTest {
    private static final int REQUESTS = 16;
    private static final int WARM_UP = 3;
    private static final String[] DEMO = {"model", "demo"};

    private final HttpClient client = HttpClient.newHttpClient();

    /** Seconds from sending to the first text and to the end. */
    private record Seen(double first, double end) {}

    private Seen stream(int port) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/completions"))
                .POST(
                        HttpRequest.BodyPublishers.ofString(
                                "{\"prompt\":\"Once upon a time\",\"max_tokens\":200,\"ignore_eos\":true,\"stream\":true,\"seed\":1}"))
                .build();
        long sent = System.nanoTime();
        long first = 0;
        HttpResponse<Stream<String>> answer = client.send(request, HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = answer.body()) {
            for (Iterator<String> each = lines.iterator(); each.hasNext(); ) {
                if (each.next().contains("\"text\":\"") && first == 0) {
                    first = System.nanoTime();
                }
            }
        }
        return new Seen((first - sent) / 1e9, (System.nanoTime() - sent) / 1e9);
    }

    @Test
    void sumsAreWhatTheClientSaw() throws Exception {
        EngineOptions options = EngineOptions.builder()
                .context(EngineOptions.defaultContext()
                        .contextSize(512)
                        .maxSequences(1)
                        .threads(1)
                        .build())
                .build();
        try (Monitoring monitoring = new Monitoring(BuildInfo.of("test"));
                HttpService http =
                        HttpService.start(HttpOptions.of("127.0.0.1", 0, "demo"), monitoring, monitoring.http());
                EngineMetrics metrics = monitoring.engine("demo");
                Engine engine = Engine.start(DemoModel.file(), options, metrics);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            http.attach(engine);
            assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
            // What the first ones pay for classes and connections is in neither sum.
            Callable<Seen> ask = () -> stream(http.port());
            for (Future<Seen> warm : clients.invokeAll(Collections.nCopies(WARM_UP, ask))) {
                assertThat(warm.get().end()).isPositive();
            }
            ParsedScrape before = scrapeAfter(monitoring, WARM_UP);
            List<Future<Seen>> asked = new ArrayList<>();
            for (int i = 0; i < REQUESTS; i++) {
                asked.add(clients.submit(ask));
            }
            double first = 0;
            double end = 0;
            for (Future<Seen> each : asked) {
                first += each.get().first();
                end += each.get().end();
            }
            ParsedScrape after = scrapeAfter(monitoring, WARM_UP + REQUESTS);
            double firstCounted = sum(after, Metric.TIME_TO_FIRST_TOKEN) - sum(before, Metric.TIME_TO_FIRST_TOKEN);
            double endCounted = sum(after, Metric.END_TO_END) - sum(before, Metric.END_TO_END);
            System.out.printf(
                    "first tokens: client %.3f s, histogram %.3f s; whole requests: client %.3f s, histogram %.3f s%n",
                    first, firstCounted, end, endCounted);

            assertThat(firstCounted).isLessThan(first).isCloseTo(first, withinPercentage(5));
            assertThat(endCounted).isLessThan(end).isCloseTo(end, withinPercentage(5));
        }
    }

    private static ParsedScrape scrapeAfter(Monitoring monitoring, int requests) {
        return Awaitility.await()
                .until(
                        () -> ParsedScrape.parse(monitoring.scrape()),
                        scrape -> scrape.value(Metric.END_TO_END.exposedName() + "_count", DEMO) == requests);
    }

    private static double sum(ParsedScrape scrape, Metric metric) {
        return scrape.value(metric.exposedName() + "_sum", DEMO);
    }
}
