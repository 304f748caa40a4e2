package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules, alerts and dashboards that come along. */
class PrometheusFilesTest {
    private static final Pattern ALERT = Pattern.compile("(?m)^ *- alert: (\\S+)$");

    @ParameterizedTest
    @ValueSource(strings = {"kvant.rules.yml", "kvant.alerts.yml"})
    void rulesAreWellFormed(String file) throws Exception {
        Promtool.Result result =
                Promtool.run("", "check", "rules", PromQl.RULES.resolve(file).toString());
        assertThat(result.exit()).as(result.output()).isZero();
    }

    @Test
    void theConfigurationLoads() throws Exception {
        Promtool.Result result = Promtool.run(
                "", "check", "config", PromQl.RULES.resolve("prometheus.yml").toString());
        assertThat(result.exit()).as(result.output()).isZero();
    }

    @Test
    void rulesDoWhatTheyShould() throws Exception {
        Promtool.Result result = Promtool.run(
                "",
                "test",
                "rules",
                PromQl.RULES.resolve("kvant.rules.test.yml").toString());
        assertThat(result.exit()).as(result.output()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kvant.rules.yml", "kvant.alerts.yml", "kvant.rules.test.yml"})
    void everyNameInTheRulesExists(String file) throws Exception {
        String text = Files.readString(PromQl.RULES.resolve(file));
        assertThat(PromQl.metrics(text))
                .isNotEmpty()
                .allSatisfy(name -> assertThat(Metric.ofName(name)).as(name).isPresent());
        assertThat(PromQl.records()).containsAll(PromQl.recorded(text));
    }

    @Test
    void everyAlertIsTestedAndHasItsParagraph() throws Exception {
        String tests = Files.readString(PromQl.RULES.resolve("kvant.rules.test.yml"));
        String page = Files.readString(Path.of(System.getProperty("kvant.root"), "docs", "guide", "monitoring.md"));
        String rules = Files.readString(PromQl.RULES.resolve("kvant.alerts.yml"));
        List<String> alerts =
                ALERT.matcher(rules).results().map(match -> match.group(1)).toList();

        assertThat(alerts).hasSizeGreaterThan(8).doesNotHaveDuplicates();
        for (String alert : alerts) {
            assertThat(tests)
                    .as("fires in a test")
                    .containsPattern("alertname: " + alert + "\\n *eval_time: \\S+\\n *exp_alerts:\\n");
            assertThat(page).contains("\n### " + alert + "\n");
            assertThat(rules)
                    .contains("runbook: docs/guide/monitoring.md#" + alert.toLowerCase(java.util.Locale.ROOT) + "\n");
        }
    }

    @ParameterizedTest
    @MethodSource("org.kvant.monitoring.PromQl#dashboards")
    void everyNameInTheDashboardsExists(Path dashboard) throws Exception {
        List<String> queries = PromQl.queries(dashboard);
        assertThat(queries).hasSizeGreaterThan(8);
        for (String query : queries) {
            assertThat(PromQl.metrics(query))
                    .as(query)
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(Metric.ofName(name)).as(name).isPresent());
        }
        assertThat(PromQl.metrics(Files.readString(dashboard)))
                .allSatisfy(name -> assertThat(Metric.ofName(name)).as(name).isPresent());
    }

    /** A metric that no picture shows is seen by nobody. */
    @Test
    void theDashboardsShowTheWholeCatalogue() throws Exception {
        StringBuilder all = new StringBuilder();
        for (Path dashboard : PromQl.dashboards()) {
            PromQl.queries(dashboard).forEach(query -> all.append(query).append('\n'));
        }
        assertThat(PromQl.metrics(all.toString()))
                .containsExactlyInAnyOrderElementsOf(java.util.Arrays.stream(Metric.values())
                        .map(Metric::exposedName)
                        .toList());
    }
}
