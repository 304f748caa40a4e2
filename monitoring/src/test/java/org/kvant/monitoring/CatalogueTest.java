package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CatalogueTest {

    @ParameterizedTest
    @EnumSource(Metric.class)
    void namesFollowPrometheusRules(Metric metric) {
        String name = metric.exposedName();
        assertThat(name).matches("kvant_[a-z_]+[a-z]").doesNotContain("__");
        assertThat(name.endsWith("_total")).isEqualTo(metric.type() == MetricType.COUNTER);
        assertThat(name.endsWith("_info")).isEqualTo(metric.type() == MetricType.INFO);
        if (metric.unit() == MetricUnit.SECONDS || metric.unit() == MetricUnit.BYTES) {
            assertThat(name.replaceFirst("_total$", ""))
                    .endsWith("_" + metric.unit().label());
        }
        assertThat(metric.help()).matches("[A-Z].*[^.]\\.");
    }

    @Test
    void namesAreUnique() {
        assertThat(Arrays.stream(Metric.values()).map(Metric::exposedName)).doesNotHaveDuplicates();
        for (Metric metric : Metric.values()) {
            assertThat(Metric.ofName(metric.exposedName())).contains(metric);
        }
        assertThat(Metric.ofName("kvant_no_such_metric")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Metric.class)
    void histogramsHaveAscendingBuckets(Metric metric) {
        double[] bounds = metric.buckets().bounds();
        assertThat(bounds.length > 0).isEqualTo(metric.type() == MetricType.HISTOGRAM);
        for (int i = 1; i < bounds.length; i++) {
            assertThat(bounds[i]).isGreaterThan(bounds[i - 1]);
        }
        assertThat(bounds.length).as("series of one histogram").isLessThanOrEqualTo(120);
    }

    /** The width of the bucket that holds a quantile bounds its error. */
    @Test
    void latencyBucketsAreNarrowWhereLatenciesFall() {
        assertNarrow(Metric.TIME_TO_FIRST_TOKEN.buckets().bounds(), 0.01, 100);
        assertNarrow(Metric.END_TO_END.buckets().bounds(), 0.01, 100);
        assertNarrow(Metric.TIME_BETWEEN_TOKENS.buckets().bounds(), 0.001, 1);
    }

    private static void assertNarrow(double[] bounds, double from, double to) {
        assertThat(bounds).contains(from, to);
        for (int i = 1; i < bounds.length; i++) {
            if (bounds[i - 1] >= from && bounds[i] <= to) {
                assertThat(bounds[i] / bounds[i - 1]).isLessThan(1.145);
            }
        }
    }
}
