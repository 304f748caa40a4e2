package org.kvant.monitoring.otlp;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/** Takes what comes over OTLP/HTTP and decodes it with the protocol's own classes. */
final class OtlpReceiver implements AutoCloseable {
    final List<ResourceSpans> spans = new CopyOnWriteArrayList<>();
    final List<ResourceMetrics> metrics = new CopyOnWriteArrayList<>();

    private final HttpServer server;

    OtlpReceiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/traces", exchange -> {
            spans.addAll(ExportTraceServiceRequest.parseFrom(body(exchange)).getResourceSpansList());
            answer(exchange);
        });
        server.createContext("/v1/metrics", exchange -> {
            metrics.addAll(ExportMetricsServiceRequest.parseFrom(body(exchange)).getResourceMetricsList());
            answer(exchange);
        });
        server.start();
    }

    private static InputStream body(HttpExchange exchange) throws IOException {
        return "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"))
                ? new GZIPInputStream(exchange.getRequestBody())
                : exchange.getRequestBody();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/x-protobuf");
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** All spans, in the order in which they came. */
    List<Span> all() {
        return spans.stream()
                .flatMap(resource -> resource.getScopeSpansList().stream())
                .flatMap(scope -> scope.getSpansList().stream())
                .toList();
    }

    /** The metrics of the last export that has them, by name. */
    Map<String, Metric> last() {
        Map<String, Metric> last = new LinkedHashMap<>();
        metrics.stream()
                .flatMap(resource -> resource.getScopeMetricsList().stream())
                .flatMap(scope -> scope.getMetricsList().stream())
                .forEach(metric -> last.put(metric.getName(), metric));
        return last;
    }

    /** Attributes by key; strings, numbers and lists as text. */
    static Map<String, String> map(List<KeyValue> attributes) {
        Map<String, String> map = new LinkedHashMap<>();
        for (KeyValue pair : attributes) {
            map.put(
                    pair.getKey(),
                    switch (pair.getValue().getValueCase()) {
                        case STRING_VALUE -> pair.getValue().getStringValue();
                        case INT_VALUE -> Long.toString(pair.getValue().getIntValue());
                        case DOUBLE_VALUE -> Double.toString(pair.getValue().getDoubleValue());
                        case ARRAY_VALUE ->
                            pair.getValue().getArrayValue().getValuesList().stream()
                                    .map(value -> value.getStringValue())
                                    .toList()
                                    .toString();
                        default -> pair.getValue().toString();
                    });
        }
        return map;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
