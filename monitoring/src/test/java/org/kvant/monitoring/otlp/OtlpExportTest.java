package org.kvant.monitoring.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.kvant.engine.Engine;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineState;
import org.kvant.http.HttpOptions;
import org.kvant.http.HttpService;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.EngineMetrics;
import org.kvant.monitoring.Monitoring;
import org.kvant.testkit.DemoModel;

/** What a receiver gets from a real server. */
class OtlpExportTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT = "00f067aa0ba902b7";

    private final HttpClient client = HttpClient.newHttpClient();

    private String post(int port, String path, String body) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .header("traceparent", "00-" + TRACE + "-" + PARENT + "-01")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void aServersTracesAndMetrics() throws Exception {
        EngineOptions options = EngineOptions.builder()
                .context(EngineOptions.defaultContext()
                        .contextSize(512)
                        .maxSequences(1)
                        .batchSize(32)
                        .threads(1)
                        .build())
                .build();
        String chat;
        try (OtlpReceiver receiver = new OtlpReceiver()) {
            try (Monitoring monitoring = new Monitoring(BuildInfo.of("test"));
                    HttpService http =
                            HttpService.start(HttpOptions.of("127.0.0.1", 0, "demo"), monitoring, monitoring.http());
                    EngineMetrics metrics = monitoring.engine("demo");
                    Engine engine = Engine.start(DemoModel.file(), options, metrics);
                    // Its end sends the last figures, for which the model's must still be there.
                    OtlpExport export = OtlpExport.start(
                            monitoring, BuildInfo.of("test"), receiver.url(), "127.0.0.1", http.port())) {
                assertThat(export).isNotNull();
                metrics.watch(engine::snapshot);
                http.attach(engine);
                assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
                chat = post(
                        http.port(),
                        "/v1/chat/completions",
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"A secret\"}],\"max_tokens\":9,\"ignore_eos\":true,\"seed\":7}");
                // Takes many decodes, so that its time is over before its first token.
                String prompt = "A fox. ".repeat(80);
                post(
                        http.port(),
                        "/v1/completions",
                        "{\"prompt\":\"" + prompt + "\",\"ignore_eos\":true,\"timeout\":0.001}");
                // Spans end after their answers.
                Awaitility.await().until(() -> monitoring.scrape().contains("outcome=\"timeout\"} 1"));
                Thread.sleep(200);
            }
            assertThat(receiver.all()).hasSizeGreaterThanOrEqualTo(5);
            assertThat(OtlpReceiver.map(receiver.spans.getFirst().getResource().getAttributesList()))
                    .containsEntry("service.name", "kvant");
            assertChat(receiver, chat);
            assertTimeout(receiver);
            assertConventions(receiver.last());
            assertCatalogue(receiver.last());
            assertThat(receiver.spans.toString()).doesNotContain("secret");
        }
    }

    private static Span span(OtlpReceiver receiver, String name) {
        return receiver.all().stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void assertChat(OtlpReceiver receiver, String answer) {
        Span span = span(receiver, "chat demo");
        assertThat(HexFormat.of().formatHex(span.getTraceId().toByteArray())).isEqualTo(TRACE);
        assertThat(HexFormat.of().formatHex(span.getParentSpanId().toByteArray()))
                .isEqualTo(PARENT);
        assertThat(span.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
        Map<String, String> attributes = OtlpReceiver.map(span.getAttributesList());
        assertThat(attributes)
                .containsEntry("gen_ai.operation.name", "chat")
                .containsEntry("gen_ai.provider.name", "kvant")
                .containsEntry("gen_ai.request.model", "demo")
                .containsEntry("gen_ai.request.max_tokens", "9")
                .containsEntry("gen_ai.request.seed", "7")
                .containsEntry("gen_ai.response.finish_reasons", "[length]")
                .containsEntry("gen_ai.usage.output_tokens", "9")
                .containsEntry("server.address", "127.0.0.1");
        assertThat(answer).contains(Objects.requireNonNull(attributes.get("gen_ai.response.id")));
        assertThat(answer).contains("\"prompt_tokens\":" + attributes.get("gen_ai.usage.input_tokens"));
        List<Span> phases = receiver.all().stream()
                .filter(phase -> phase.getParentSpanId().equals(span.getSpanId()))
                .toList();
        assertThat(phases).extracting(Span::getName).containsExactly("queue", "prefill", "decode");
        long before = span.getStartTimeUnixNano();
        for (Span phase : phases) {
            assertThat(phase.getTraceId()).isEqualTo(span.getTraceId());
            assertThat(phase.getStartTimeUnixNano()).isGreaterThanOrEqualTo(before);
            assertThat(phase.getEndTimeUnixNano()).isGreaterThanOrEqualTo(phase.getStartTimeUnixNano());
            before = phase.getEndTimeUnixNano();
        }
        assertThat(span.getEndTimeUnixNano()).isGreaterThanOrEqualTo(before);
    }

    private static void assertTimeout(OtlpReceiver receiver) {
        Span span = span(receiver, "text_completion demo");
        assertThat(span.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
        assertThat(OtlpReceiver.map(span.getAttributesList()))
                .containsEntry("error.type", "timeout")
                .containsEntry("gen_ai.response.finish_reasons", "[timeout]");
    }

    /** Requests of an operation, by whether they failed. */
    private static HistogramDataPoint point(Metric metric, String operation) {
        return metric.getHistogram().getDataPointsList().stream()
                .filter(point -> operation.equals(
                        OtlpReceiver.map(point.getAttributesList()).get("gen_ai.operation.name")))
                .findFirst()
                .orElseThrow();
    }

    private static Metric metric(Map<String, Metric> metrics, String name) {
        return Objects.requireNonNull(metrics.get(name), () -> name + " is not among " + metrics.keySet());
    }

    private static void assertConventions(Map<String, Metric> metrics) {
        Metric duration = metric(metrics, "gen_ai.server.request.duration");
        assertThat(duration.getUnit()).isEqualTo("s");
        HistogramDataPoint chat = point(duration, "chat");
        assertThat(chat.getCount()).isEqualTo(1);
        assertThat(chat.getExplicitBoundsList()).startsWith(0.01, 0.02).endsWith(40.96, 81.92);
        assertThat(OtlpReceiver.map(chat.getAttributesList()))
                .containsEntry("gen_ai.provider.name", "kvant")
                .containsEntry("gen_ai.request.model", "demo")
                .doesNotContainKey("error.type");
        assertThat(OtlpReceiver.map(point(duration, "text_completion").getAttributesList()))
                .containsEntry("error.type", "timeout");
        HistogramDataPoint first = point(metric(metrics, "gen_ai.server.time_to_first_token"), "chat");
        HistogramDataPoint each = point(metric(metrics, "gen_ai.server.time_per_output_token"), "chat");
        assertThat(first.getCount()).isEqualTo(1);
        assertThat(each.getCount()).isEqualTo(1);
        // The first token and eight more make the whole; what is left is the way out.
        assertThat(first.getSum() + 8 * each.getSum()).isPositive().isLessThanOrEqualTo(chat.getSum());
    }

    private static void assertCatalogue(Map<String, Metric> metrics) {
        for (org.kvant.monitoring.Metric metric : org.kvant.monitoring.Metric.values()) {
            assertThat(metrics).containsKey(CatalogueProducer.name(metric));
        }
        Metric first = metric(metrics, "kvant.time_to_first_token");
        assertThat(first.getUnit()).isEqualTo("s");
        HistogramDataPoint point = first.getHistogram().getDataPoints(0);
        // The request that ran out of time may have got as far.
        assertThat(point.getCount()).isBetween(1L, 2L);
        assertThat(point.getBucketCountsList()).hasSize(point.getExplicitBoundsCount() + 1);
        assertThat(point.getBucketCountsList().stream()
                        .mapToLong(count -> count)
                        .sum())
                .isEqualTo(point.getCount());
        assertThat(OtlpReceiver.map(point.getAttributesList())).containsExactly(Map.entry("model", "demo"));
        Metric generated = metric(metrics, "kvant.generated_tokens");
        assertThat(generated.getUnit()).isEqualTo("{token}");
        assertThat(generated.getSum().getIsMonotonic()).isTrue();
        assertThat(generated.getSum().getDataPoints(0).getAsDouble()).isGreaterThanOrEqualTo(9);
        assertThat(metric(metrics, "kvant.kv_reserved").getUnit()).isEqualTo("By");
        assertThat(metric(metrics, "kvant.kv_cells").getGauge().getDataPointsList())
                .extracting(NumberDataPoint::getAsDouble)
                .containsExactly(512.0);
        assertThat(metric(metrics, "kvant.uptime").getGauge().getDataPoints(0).getAsDouble())
                .isCloseTo(60, within(60.0));
    }

    @Test
    void isOffUnlessSomethingNamesAReceiver() {
        assertThat(OtlpEndpoint.configured(Map.of())).isFalse();
        assertThat(OtlpEndpoint.configured(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", " ")))
                .isFalse();
        assertThat(OtlpEndpoint.configured(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a")))
                .isTrue();
        assertThat(OtlpEndpoint.configured(Map.of("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a")))
                .isTrue();
        assertThat(OtlpEndpoint.configured(
                        Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a", "OTEL_SDK_DISABLED", "true")))
                .isFalse();
    }

    @Test
    void saysWhatIsWrongWithTheSettings() {
        try (Monitoring monitoring = new Monitoring(BuildInfo.of("test"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> OtlpExport.start(monitoring, BuildInfo.of("test"), "ftp://a b", "127.0.0.1", 1))
                    .withMessageContaining("OTEL_");
        }
    }
}
