package org.kvant.monitoring;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what rules and dashboards ask Prometheus for. */
final class PromQl {
    static final Path RULES = folder("prometheus");
    static final Path DASHBOARDS = folder("grafana");

    /** A metric of ours; what comes after a colon is the name of a recording rule. */
    private static final Pattern METRIC = Pattern.compile("(?<![:\\w])kvant_[a-z_]+");

    private static final Pattern RECORDED = Pattern.compile("\\b(?:instance_)?model:[a-z_]+:[a-z0-9_]+");
    private static final Pattern RECORD = Pattern.compile("(?m)^ *- record: (\\S+)$");

    private PromQl() {}

    private static Path folder(String name) {
        return Path.of(System.getProperty("kvant.root"), "monitoring", name);
    }

    /** The catalogue's names in a text, those of a histogram's series without their suffix. */
    static Set<String> metrics(String text) {
        Set<String> names = new TreeSet<>();
        for (MatchResult match : METRIC.matcher(text).results().toList()) {
            names.add(match.group().replaceFirst("_(bucket|count|sum)$", ""));
        }
        return names;
    }

    /** Names of recording rules in a text. */
    static Set<String> recorded(String text) {
        Set<String> names = new TreeSet<>();
        RECORDED.matcher(text).results().forEach(match -> names.add(match.group()));
        return names;
    }

    /** Names that the recording rules make. */
    static Set<String> records() throws IOException {
        Set<String> names = new TreeSet<>();
        RECORD.matcher(Files.readString(RULES.resolve("kvant.rules.yml")))
                .results()
                .forEach(match -> names.add(match.group(1)));
        return names;
    }

    static List<Path> dashboards() {
        try (Stream<Path> files = Files.list(DASHBOARDS)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The queries of a dashboard's panels. */
    static List<String> queries(Path dashboard) throws IOException {
        List<String> queries = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(dashboard.toFile())) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.FIELD_NAME && "expr".equals(parser.currentName())) {
                    queries.add(parser.nextTextValue());
                }
            }
        }
        return queries;
    }
}
