package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The tables in docs/reference/metrics.md are the catalogue's. {@code -Dkvant.docs.write=true} writes them anew. */
class DocumentationTest {
    private static final Path DOCS = Path.of(System.getProperty("kvant.root"), "docs");
    private static final Path PAGE = DOCS.resolve("reference/metrics.md");

    @Test
    void theCatalogueOnThePageIsTheEnum() throws IOException {
        assertSection("catalogue", catalogue());
    }

    @Test
    void theLabelsOnThePageAreTheEnum() throws IOException {
        assertSection("labels", labels());
    }

    @Test
    void theVocabulariesOnThePageAreTheTranslations() throws IOException {
        for (Vocabulary vocabulary : List.of(Vocabulary.VLLM, Vocabulary.LLAMA_SERVER)) {
            assertSection(vocabulary.label(), vocabulary(vocabulary));
        }
    }

    @Test
    void everyMetricThatThePagesNameExists() throws IOException {
        String pages = Files.readString(PAGE) + Files.readString(DOCS.resolve("guide/monitoring.md"));
        List<String> named = Pattern.compile("\\bkvant_[a-z_]+[a-z]\\b")
                .matcher(pages)
                .results()
                .map(match -> match.group().replaceFirst("_(bucket|count|sum)$", ""))
                .toList();

        assertThat(named)
                .isNotEmpty()
                .allSatisfy(name -> assertThat(Metric.ofName(name)).as(name).isPresent());
    }

    private static void assertSection(String name, String expected) throws IOException {
        String begin = "<!-- " + name + ": written by DocumentationTest -->\n";
        String end = "<!-- end of " + name + " -->";
        String page = Files.readString(PAGE);
        assertThat(page).contains(begin, end);
        int from = page.indexOf(begin) + begin.length();
        int to = page.indexOf(end, from);
        if (Boolean.getBoolean("kvant.docs.write")) {
            Files.writeString(PAGE, page.substring(0, from) + expected + page.substring(to));
            return;
        }
        assertThat(page.substring(from, to))
                .as(
                        "docs/reference/metrics.md, %s: mvn -pl monitoring -am test -Dtest=DocumentationTest"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -Dkvant.docs.write=true writes it",
                        name)
                .isEqualTo(expected);
    }

    private static String catalogue() {
        StringBuilder table = new StringBuilder("| Metric | Type | Labels | What it is |\n|---|---|---|---|\n");
        for (Metric metric : Metric.values()) {
            String labels = metric.labels().stream()
                    .map(label -> "`" + label.label() + "`")
                    .collect(Collectors.joining(", "));
            table.append("| `%s` | %s | %s | %s |\n"
                    .formatted(metric.exposedName(), metric.type().label(), labels, metric.help() + buckets(metric)));
        }
        return table.toString();
    }

    private static String buckets(Metric metric) {
        double[] bounds = metric.buckets().bounds();
        return bounds.length == 0
                ? ""
                : " %d buckets from %s to %s."
                        .formatted(bounds.length + 1, plain(bounds[0]), plain(bounds[bounds.length - 1]));
    }

    private static String plain(double number) {
        return new java.math.BigDecimal(Double.toString(number))
                .stripTrailingZeros()
                .toPlainString();
    }

    private static String vocabulary(Vocabulary vocabulary) {
        StringBuilder table = new StringBuilder("| Metric | Type | What it is |\n|---|---|---|\n");
        for (Translation translation : vocabulary.translations()) {
            table.append("| `%s` | %s | %s |\n"
                    .formatted(translation.name(), translation.type().label(), translation.help()));
        }
        return table.toString();
    }

    private static String labels() {
        StringBuilder table = new StringBuilder("| Label | Of | Says | Values |\n|---|---|---|---|\n");
        for (Label label : Label.values()) {
            String of = label == Label.MODEL
                    ? "everything that belongs to a model"
                    : Arrays.stream(Metric.values())
                            .filter(metric -> metric.labels().contains(label))
                            .map(metric -> "`" + metric.exposedName() + "`")
                            .collect(Collectors.joining(", "));
            String values =
                    label.known().stream().map(value -> "`" + value + "`").collect(Collectors.joining(", "));
            table.append("| `%s` | %s | %s | %s |\n".formatted(label.label(), of, label.help(), values));
        }
        return table.toString();
    }
}
