package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Held against the writers of Prometheus' own client. */
class ExpositionWriterTest {
    private static final List<String> NAMES =
            List.of("plain", "", "with \"quotes\"", "back\\slash", "new\nline", "ünï©ode 🐿", "a=\"b\",c}");
    private static final double[] NUMBERS = {
        0,
        -0.0,
        1,
        -1,
        9_999_999,
        10_000_000,
        -10_000_000,
        1e15,
        123_456_789_012L,
        0.1,
        1e-5,
        Math.PI,
        Double.MAX_VALUE,
        Double.MIN_VALUE,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY
    };

    private static String reference(ExpositionFormat format, MetricSnapshots snapshots) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        format.reference().write(bytes, snapshots);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String ours(ExpositionWriter writer, MetricSnapshots snapshots) {
        return new String(writer.write(snapshots), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void itIsTheClientLibrarysTextWhateverTheValues(ExpositionFormat format) throws Exception {
        long seed = Long.getLong("kvant.seed", new Random().nextLong());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        ExpositionWriter writer = new ExpositionWriter(format);
        for (int round = 0; round < 20; round++) {
            MetricSnapshots snapshots = anything(random);
            assertThat(ours(writer, snapshots)).as("round %d", round).isEqualTo(reference(format, snapshots));
        }
    }

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void seriesComeAndGo(ExpositionFormat format) throws Exception {
        ExpositionWriter writer = new ExpositionWriter(format);
        try (Monitoring monitoring = new Monitoring(new BuildInfo("1", "2", "3"))) {
            for (String model : List.of("one model", "another model")) {
                try (EngineMetrics metrics = monitoring.engine(model)) {
                    metrics.firstToken("1", 1_000_000);
                    MetricSnapshots with = monitoring.catalogue();
                    assertThat(ours(writer, with)).contains(model).isEqualTo(reference(format, with));
                }
                MetricSnapshots without = monitoring.catalogue();
                assertThat(ours(writer, without)).doesNotContain(model).isEqualTo(reference(format, without));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void whatTheCatalogueHasNotIsRefused(ExpositionFormat format) {
        MetricSnapshots summary = MetricSnapshots.of(SummarySnapshot.builder()
                .name("s")
                .dataPoint(SummarySnapshot.SummaryDataPointSnapshot.builder()
                        .count(1)
                        .build())
                .build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ExpositionWriter(format).write(summary))
                .withMessageContaining("SummarySnapshot");
    }

    private static MetricSnapshots anything(Random random) {
        List<MetricSnapshot> all = new ArrayList<>();
        CounterSnapshot.Builder counter =
                CounterSnapshot.builder().name("c_seconds").unit(Unit.SECONDS).help("Quotes \", \\ and\nlines.");
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name("g");
        HistogramSnapshot.Builder histogram =
                HistogramSnapshot.builder().name("h").help("H.");
        InfoSnapshot.Builder info = InfoSnapshot.builder().name("i").help("");
        for (String name : NAMES) {
            Labels labels = Labels.of("model", name, "a_label", "x");
            if (random.nextInt(4) > 0) {
                counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .value(Math.abs(number(random, false)))
                        .labels(labels)
                        .exemplar(random.nextBoolean() ? exemplar(random, 1) : null)
                        .build());
                gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .value(number(random, true))
                        .labels(name.isEmpty() ? Labels.EMPTY : labels)
                        .build());
                histogram.dataPoint(histogram(random, labels));
                info.dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                        .labels(labels)
                        .build());
            }
        }
        all.add(counter.build());
        all.add(gauge.build());
        all.add(histogram.build());
        all.add(info.build());
        return new MetricSnapshots(all);
    }

    private static HistogramSnapshot.HistogramDataPointSnapshot histogram(Random random, Labels labels) {
        double[] bounds = {1e-5, 0.25, 1, 5e6, 1e7, Double.POSITIVE_INFINITY};
        long[] counts = random.longs(bounds.length, 0, random.nextInt(1, 1000)).toArray();
        List<Exemplar> exemplars = new ArrayList<>();
        for (double value : new double[] {0, 0.25, 0.5, 2, 1e9}) {
            if (random.nextInt(3) == 0) {
                exemplars.add(exemplar(random, value));
            }
        }
        return HistogramSnapshot.HistogramDataPointSnapshot.builder()
                .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, counts))
                .sum(Math.abs(number(random, false)))
                .labels(labels)
                .exemplars(Exemplars.of(exemplars))
                .build();
    }

    private static Exemplar exemplar(Random random, double value) {
        Exemplar.Builder exemplar = Exemplar.builder()
                .value(value)
                .traceId("4bf92f3577b34da6a3ce929d0e0e4736")
                .spanId("00f067aa0ba902b7");
        return random.nextBoolean()
                ? exemplar.build()
                : exemplar.timestampMillis(random.nextLong(4_000_000_000_000L)).build();
    }

    private static double number(Random random, boolean any) {
        double number = NUMBERS[random.nextInt(NUMBERS.length)];
        return any || Double.isFinite(number) ? number : random.nextDouble();
    }
}
