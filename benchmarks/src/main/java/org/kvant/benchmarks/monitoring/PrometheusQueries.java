package org.kvant.benchmarks.monitoring;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A dashboard's queries, asked of a real Prometheus over the time until now. */
final class PrometheusQueries {
    private final HttpClient client = HttpClient.newHttpClient();
    private final String url;
    final double from;
    final double to;
    private final double step;
    private final String rateInterval;

    /** One series: labels, and points of time (Unix, seconds) and value. */
    record Series(Map<String, String> labels, List<double[]> points) {
        double last() {
            return points.isEmpty() ? Double.NaN : points.getLast()[1];
        }
    }

    PrometheusQueries(String url, int seconds, int step, int rateSeconds) {
        this.url = url;
        this.to = Math.floor(System.currentTimeMillis() / 1e3);
        this.from = to - seconds;
        this.step = step;
        this.rateInterval = rateSeconds + "s";
    }

    /** What Grafana would ask for a panel's target. */
    List<Series> range(String expression) throws IOException, InterruptedException {
        String filled = expression
                .replace("$__rate_interval", rateInterval)
                .replace("$__interval", rateInterval)
                .replaceAll("\\$(job|instance|model)\\b", ".*");
        String query = url + "/api/v1/query_range?query=" + URLEncoder.encode(filled, StandardCharsets.UTF_8)
                + "&start=" + from + "&end=" + to + "&step=" + step;
        HttpResponse<String> answer =
                client.send(HttpRequest.newBuilder(URI.create(query)).build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(filled + ": " + answer.body());
        }
        List<Series> all = new ArrayList<>();
        for (JsonTree result :
                JsonTree.parse(answer.body()).at("data", "result").list()) {
            List<double[]> points = new ArrayList<>();
            for (JsonTree pair : result.at("values").list()) {
                double value = pair.list().getLast().number();
                if (!Double.isNaN(value)) {
                    points.add(new double[] {pair.list().getFirst().number(), value});
                }
            }
            all.add(new Series(result.at("metric").strings(), points));
        }
        return all;
    }
}
