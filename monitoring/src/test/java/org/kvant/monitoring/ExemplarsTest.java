package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvant.api.watch.Exchange;
import org.kvant.api.watch.TraceParent;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;

/** Which request stands as an example in a bucket. */
class ExemplarsTest {
    private static final TraceParent TRACE =
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true);
    private static final String LABELS =
            " # {span_id=\"" + TRACE.spanId() + "\",trace_id=\"" + TRACE.traceId() + "\"} ";

    private final Monitoring monitoring = new Monitoring(BuildInfo.of("test"));
    private final EngineMetrics metrics = monitoring.engine("m");

    @AfterEach
    void close() {
        monitoring.close();
    }

    private static Exchange exchange(String id, @Nullable TraceParent parent) {
        GenerationRequest request = GenerationRequest.builder(id, new int[] {1}).build();
        return new Exchange(id, "chat", "m", Instant.now(), System.nanoTime(), parent, request, 1);
    }

    private List<String> withExemplars(String accept, String names) {
        return new String(monitoring.scrape(accept, names).body(), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains(" # {"))
                .toList();
    }

    private void request(String id) {
        metrics.requestStarted(id, 1_000_000);
        metrics.prefillFinished(id, 5_000_000, 4, 0);
        metrics.firstToken(id, 6_000_000);
        metrics.token(id, 2_000_000);
        metrics.requestFinished(
                id, Outcome.STOP, new Usage(4, 0, 2), new Timings(1_000_000, 5_000_000, 2_000_000, 8_000_000));
    }

    @Test
    void latenciesOfATracedRequestNameItsTrace() {
        Exchange exchange = exchange("1", TRACE);
        monitoring.http().began(exchange);
        request("1");
        monitoring.http().ended(exchange, null);

        assertThat(withExemplars("application/openmetrics-text; version=1.0.0", "kvant"))
                .hasSize(5)
                .allMatch(line -> line.contains("_bucket{") && line.contains(LABELS))
                .anyMatch(line -> line.startsWith(
                        "kvant_time_to_first_token_seconds_bucket{model=\"m\",le=\"0.0063\"} 1" + LABELS + "0.006 "))
                .anyMatch(line -> line.startsWith(
                        "kvant_request_end_to_end_seconds_bucket{model=\"m\",le=\"0.008\"} 1" + LABELS + "0.008 "));
        assertThat(withExemplars("application/openmetrics-text; version=1.0.0", "vllm"))
                .anyMatch(line -> line.startsWith("vllm:time_to_first_token_seconds_bucket") && line.contains(LABELS));
        assertThat(withExemplars("text/plain", "kvant")).isEmpty();
    }

    @Test
    void othersDoNot() {
        Exchange unsampled = exchange("1", new TraceParent(TRACE.traceId(), TRACE.spanId(), false));
        Exchange over = exchange("2", TRACE);
        monitoring.http().began(unsampled);
        monitoring.http().began(exchange("3", null));
        monitoring.http().began(over);
        monitoring.http().ended(over, null);
        List.of("1", "2", "3", "4").forEach(this::request);

        assertThat(withExemplars("application/openmetrics-text; version=1.0.0", "kvant"))
                .isEmpty();
    }
}
