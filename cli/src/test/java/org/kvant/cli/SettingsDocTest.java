package org.kvant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** docs/reference/settings.md names every option, environment variable and system property that there is, and none that there isn't. */
class SettingsDocTest {
    private static final Path ROOT = Path.of(System.getProperty("kvant.root", ".."));
    private static final Path PAGE = ROOT.resolve("docs/reference/settings.md");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (.*?) (?<!\\\\)\\| (.*?) (?<!\\\\)\\|.*$");
    private static final Pattern OPTION = Pattern.compile("`(--?[a-z][a-z0-9-]*)`");
    /** What every command has; the page says so once. */
    private static final Set<String> STANDARD = Set.of("-h", "--help", "-V", "--version");

    private static final Pattern VARIABLE = Pattern.compile(
            "getenv\\(\\s*\"(\\w+)\"|\"((?:KVANT|OTEL)_[A-Z_]+)\"|env:(\\w+)|environment\\.get\\(\"(\\w+)\"");
    private static final Pattern SHELL_VARIABLE = Pattern.compile("\\$[{(]?(KVANT_[A-Z_]+|JAVA_HOME)");
    private static final Pattern PROPERTY = Pattern.compile(
            "(?:get(?:Property|Boolean|Integer|Long)\\(\\s*|PROPERTY\\s*=\\s*)\"((?:kvant|logback)\\.[\\w.]+)\"");
    private static final Pattern NAMED_VARIABLE = Pattern.compile("\\b((?:KVANT|OTEL)_[A-Z_]+)\\b");
    private static final Pattern NAMED_PROPERTY = Pattern.compile("`(?:-D)?(kvant\\.[\\w.]*\\w)`");

    static Set<String> commands() {
        Set<String> names = new TreeSet<>(Main.commandLine().getSubcommands().keySet());
        names.remove("help");
        return names;
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionIsOnThePageAndEveryOptionOnThePageExists(String name) throws IOException {
        Set<String> there = new TreeSet<>();
        for (OptionSpec option : options(name)) {
            there.addAll(List.of(option.names()));
        }
        there.removeAll(STANDARD);

        assertThat(rows(name).keySet())
                .as("options in docs/reference/settings.md, section 'kvant %s'", name)
                .isEqualTo(there);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void defaultsOnThePageAreTheCommands(String name) throws IOException {
        Map<String, String> rows = rows(name);
        for (OptionSpec option : options(name)) {
            String value = option.defaultValue();
            if (value != null && !value.isBlank() && !value.contains("$") && !STANDARD.contains(option.longestName())) {
                assertThat(rows.get(option.longestName()))
                        .as(
                                "default of %s in docs/reference/settings.md, section 'kvant %s'",
                                option.longestName(), name)
                        .isNotNull()
                        .matches("`?" + Pattern.quote(value) + "`?");
            }
        }
    }

    @Test
    void everyCommandHasItsSection() throws IOException {
        Set<String> sections = new TreeSet<>();
        Matcher heading = Pattern.compile("(?m)^### kvant (\\w+)$").matcher(Files.readString(PAGE));
        while (heading.find()) {
            sections.add(heading.group(1));
        }
        assertThat(sections).isEqualTo(commands());
    }

    @Test
    void everyEnvironmentVariableIsOnThePage() throws IOException {
        Set<String> read = new TreeSet<>(find(VARIABLE, sources()));
        read.addAll(find(SHELL_VARIABLE, scripts()));

        assertThat(read).as("found in the sources").contains("KVANT_API_KEY", "KVANT_NATIVE_DIR", "KVANT_JAVA_OPTS");
        String page = Files.readString(PAGE);
        assertThat(read).as("in docs/reference/settings.md").allMatch(variable -> page.contains("`" + variable + "`"));
        assertThat(read)
                .as("variables that docs/reference/settings.md names exist")
                .containsAll(find(NAMED_VARIABLE, List.of(PAGE)));
    }

    @Test
    void everySystemPropertyIsOnThePage() throws IOException {
        Set<String> read = find(PROPERTY, sources());

        assertThat(read).as("found in the sources").contains("kvant.native.dir", "kvant.codec");
        String page = Files.readString(PAGE);
        assertThat(read).as("in docs/reference/settings.md").allMatch(property -> page.contains("`" + property + "`"));
        Set<String> known = new TreeSet<>(read);
        known.addAll(find(PROPERTY, javaFiles("src/test/java")));
        known.addAll(find(PROPERTY, javaFiles("src/main/java")));
        assertThat(known)
                .as("properties that docs/reference/settings.md names exist")
                .containsAll(find(NAMED_PROPERTY, List.of(PAGE)));
    }

    private static List<OptionSpec> options(String name) {
        CommandLine command = Main.commandLine().getSubcommands().get(name);
        assertThat(command).as(name).isNotNull();
        return command.getCommandSpec().options().stream()
                .filter(option -> !option.hidden())
                .toList();
    }

    /** The default of every option name in a command's table. */
    private static Map<String, String> rows(String command) throws IOException {
        String page = Files.readString(PAGE);
        String heading = "\n### kvant " + command + "\n";
        assertThat(page).contains(heading);
        int from = page.indexOf(heading) + heading.length();
        int to = page.indexOf("\n## ", from);
        int next = page.indexOf("\n### ", from);
        String section = page.substring(from, next >= 0 && next < to ? next : to);
        Map<String, String> rows = new TreeMap<>();
        Matcher row = ROW.matcher(section);
        while (row.find()) {
            Matcher option = OPTION.matcher(row.group(1));
            while (option.find()) {
                rows.put(option.group(1), row.group(2));
            }
        }
        return rows;
    }

    /** The first group that matched, of every match in these files. */
    private static Set<String> find(Pattern pattern, List<Path> files) throws IOException {
        Set<String> all = new TreeSet<>();
        for (Path file : files) {
            Matcher matcher = pattern.matcher(Files.readString(file));
            while (matcher.find()) {
                for (int group = 1; group <= matcher.groupCount(); group++) {
                    if (matcher.group(group) != null) {
                        all.add(matcher.group(group));
                    }
                }
            }
        }
        return all;
    }

    private static List<Path> sources() throws IOException {
        return javaFiles("src/main/java").stream()
                .filter(file -> !file.toString().contains("/llama/ffi/") && !file.startsWith(ROOT.resolve("testkit")))
                .toList();
    }

    private static List<Path> javaFiles(String folder) throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            List<Path> folders = modules.map(module -> module.resolve(folder))
                    .filter(Files::isDirectory)
                    .toList();
            assertThat(folders).as("folders %s", folder).hasSizeGreaterThan(3);
            return folders.stream()
                    .flatMap(SettingsDocTest::walk)
                    .filter(file -> file.toString().endsWith(".java"))
                    .toList();
        }
    }

    private static List<Path> scripts() throws IOException {
        List<Path> files = new java.util.ArrayList<>(List.of(ROOT.resolve("Makefile")));
        for (String folder : List.of("bin", "native")) {
            try (Stream<Path> all = Files.list(ROOT.resolve(folder))) {
                all.filter(Files::isRegularFile).forEach(files::add);
            }
        }
        return files;
    }

    private static Stream<Path> walk(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
