package org.kvant.monitoring;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.MetricsSource;

/**
 * A server's metrics: one registry, the process' meters in it, and those of every engine. Thread-safe. A scrape reads atomics only and makes
 * no other thread wait; it takes about a millisecond, which an event loop shouldn't be asked for.
 */
public final class Monitoring implements MetricsSource, AutoCloseable {
    private static final Set<Vocabulary> OWN_NAMES = Set.of(Vocabulary.KVANT);

    private final RequestTraces traces = new RequestTraces();
    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), Clock.SYSTEM, traces);
    private final HttpMetrics http;
    private final List<EngineMetrics> engines = new CopyOnWriteArrayList<>();

    private final Set<Vocabulary> vocabularies;

    /** What a scraper can ask for: few, as there are few vocabularies. */
    private record Text(ExpositionFormat format, Set<Vocabulary> shown) {}

    private final Map<Text, ExpositionWriter> writers = new ConcurrentHashMap<>();

    /** Exposes the catalogue under its own names. */
    public Monitoring(BuildInfo build) {
        this(build, OWN_NAMES);
    }

    /**
     * @param build versions to show
     * @param vocabularies under which names a scrape shows the catalogue; several at a time are fine, none is an empty scrape
     */
    public Monitoring(BuildInfo build, Set<Vocabulary> vocabularies) {
        this.vocabularies = Set.copyOf(vocabularies);
        new ProcessMetrics(build).bindTo(registry);
        http = new HttpMetrics(registry, traces);
    }

    /**
     * Makes the meters of a further engine; closing them takes them out again.
     *
     * @param model value of the label {@code model}; the server's names are unique
     */
    public EngineMetrics engine(String model) {
        EngineMetrics metrics = new EngineMetrics(model, registry, traces);
        engines.add(metrics);
        return metrics;
    }

    /** What the HTTP server is to tell of its requests. */
    public HttpListener http() {
        return http;
    }

    /** Has traces of requests recorded from now on, by this recorder instead of an earlier one. It stays the caller's. */
    public void record(RequestSpans recorder) {
        http.record(recorder);
    }

    /** The registry, for meters of an embedding program; a scrape shows the catalogue's only. */
    public MeterRegistry registry() {
        return registry;
    }

    /** All metrics in the text format. */
    public String scrape() {
        return new String(scrape(null).body(), StandardCharsets.UTF_8);
    }

    /**
     * All metrics in the format that the scraper asks for, under the names that this was made with.
     *
     * @param accept the request's header {@code Accept}; null if there is none
     */
    public Scrape scrape(@Nullable String accept) {
        return scrape(accept, vocabularies);
    }

    @Override
    public Scrape scrape(@Nullable String accept, @Nullable String names) {
        return scrape(accept, names == null ? vocabularies : Set.copyOf(Vocabulary.parse(names)));
    }

    private Scrape scrape(@Nullable String accept, Set<Vocabulary> shown) {
        ExpositionFormat format = ExpositionFormat.negotiate(accept);
        ExpositionWriter writer =
                writers.computeIfAbsent(new Text(format, shown), text -> new ExpositionWriter(text.format));
        return new Scrape(format.contentType(), writer.write(snapshots(shown)));
    }

    private MetricSnapshots snapshots(Set<Vocabulary> shown) {
        MetricSnapshots catalogue = catalogue();
        if (shown.equals(OWN_NAMES)) {
            return catalogue;
        }
        return new MetricSnapshots(shown.stream()
                .flatMap(vocabulary -> vocabulary.snapshots(catalogue))
                .toList());
    }

    /** The current values of the catalogue under its own names. */
    public MetricSnapshots catalogue() {
        engines.forEach(EngineMetrics::refresh);
        // Micrometer adds to each histogram a gauge of its recent maximum, which says little and can't be aggregated.
        return new MetricSnapshots(registry.getPrometheusRegistry().scrape().stream()
                .filter(snapshot -> Metric.ofFamilyName(snapshot.getMetadata().getPrometheusName())
                        .isPresent())
                .toList());
    }

    @Override
    public void close() {
        registry.close();
    }
}
