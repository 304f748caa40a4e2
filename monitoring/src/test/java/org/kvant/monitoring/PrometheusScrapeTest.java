package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.engine.Engine;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineState;
import org.kvant.http.HttpOptions;
import org.kvant.http.HttpService;
import org.kvant.promptstore.PromptStoreOptions;
import org.kvant.testkit.DemoModel;

/** A real Prometheus scrapes a real server under load: everything arrives, every rule and every panel has data. */
class PrometheusScrapeTest {
    private static final Pattern NUMBER = Pattern.compile("\"value\":\\[[0-9.]+,\"(-?[0-9.e+-]+)\"]");

    private final HttpClient client = HttpClient.newHttpClient();
    private final AtomicInteger answered = new AtomicInteger();
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private volatile boolean loading = true;

    @Test
    void rulesAndDashboardsHaveData(@TempDir Path folder) throws Exception {
        EngineOptions options = EngineOptions.builder()
                .context(EngineOptions.defaultContext()
                        .contextSize(1024)
                        .maxSequences(2)
                        .threads(1)
                        .build())
                .promptCache(new PromptStoreOptions(folder.resolve("prompts"), 1 << 30))
                .build();
        try (Monitoring monitoring = new Monitoring(BuildInfo.of("test"));
                HttpService http =
                        HttpService.start(HttpOptions.of("127.0.0.1", 0, "demo"), monitoring, monitoring.http());
                EngineMetrics metrics = monitoring.engine("demo");
                Engine engine = Engine.start(DemoModel.file(), options, metrics);
                PrometheusServer prometheus = new PrometheusServer(folder, http.port())) {
            metrics.watch(engine::snapshot);
            http.attach(engine);
            assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
            List<Thread> load = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                load.add(Thread.ofVirtual().start(() -> load(http.port())));
            }
            try {
                assertScraped(prometheus);
                // Rates want two scrapes, rules an evaluation after them.
                Awaitility.await()
                        .atMost(Duration.ofSeconds(90))
                        .pollInterval(Duration.ofSeconds(1))
                        .untilAsserted(() -> assertEverythingHasData(prometheus));
                assertThat(prometheus.get("/api/v1/query_exemplars?query=kvant_request_end_to_end_seconds_bucket&start="
                                + (System.currentTimeMillis() / 1000 - 600) + "&end="
                                + (System.currentTimeMillis() / 1000 + 10)))
                        .contains("\"trace_id\":\"" + TRACE + "\"")
                        .contains("\"span_id\":\"00f067aa0ba902b7\"");
                assertThat(prometheus.query("ALERTS{alertstate=\"firing\"}")).contains("\"result\":[]");
                assertThat(answered.get()).isPositive();
            } finally {
                loading = false;
                for (Thread thread : load) {
                    thread.join();
                }
            }
        }
    }

    private void load(int port) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/chat/completions"))
                .header("traceparent", "00-" + TRACE + "-00f067aa0ba902b7-01")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Once upon a time\"}],"
                                + "\"max_tokens\":20,\"ignore_eos\":true,\"grammar\":\"root ::= [a-zA-Z .,]+\"}"))
                .build();
        while (loading) {
            try {
                HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                answered.incrementAndGet();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    /** In OpenMetrics, which Prometheus prefers and parses strictly; with the type of each metric as in the catalogue. */
    private static void assertScraped(PrometheusServer prometheus) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(prometheus.get("/api/v1/targets"))
                    .contains("\"health\":\"up\"")
                    .contains("\"lastError\":\"\"");
            String metadata = prometheus.get("/api/v1/metadata");
            for (Metric metric : Metric.values()) {
                String family = metric.type() == MetricType.COUNTER || metric.type() == MetricType.INFO
                        ? metric.familyName()
                        : metric.exposedName();
                assertThat(metadata)
                        .contains("\"" + family + "\":[{\"type\":\""
                                + metric.type().label() + "\"");
            }
        });
    }

    private static void assertEverythingHasData(PrometheusServer prometheus) throws Exception {
        for (String record : PromQl.records()) {
            assertHasData(prometheus, record);
        }
        for (Path dashboard : PromQl.dashboards()) {
            for (String query : PromQl.queries(dashboard)) {
                String filled = query.replace("$__rate_interval", "10s").replaceAll("\\$(job|instance|model)\\b", ".*");
                assertHasData(prometheus, filled);
            }
        }
    }

    private static void assertHasData(PrometheusServer prometheus, String query) throws Exception {
        String answer = prometheus.query(query);
        assertThat(NUMBER.matcher(answer).find()).as(query + " -> " + answer).isTrue();
    }
}
