package org.kvant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way of the README, with the programs as they are shipped: checkpoint, GGUF, Q4_K_M, story, metrics, Ctrl-C. */
class EndToEndIT {

    private static final Pattern ADDRESS = Pattern.compile("(http://127\\.0\\.0\\.1:\\d+)");
    private static final Pattern CURL = Pattern.compile("(?m)^\\s*(curl .*)$");

    @TempDir
    Path folder;

    @Test
    void fromACheckpointToAStory() throws Exception {
        Path full = folder.resolve("demo.gguf");
        Path small = folder.resolve("demo.Q4_K_M.gguf");
        run(0, "convert", KvantProcess.root().resolve("models/demo").toString(), "-o", full.toString());
        run(0, "quantize", full.toString(), small.toString(), "--type", "Q4_K_M");
        assertThat(Files.size(small)).isLessThan(Files.size(full) / 2);
        assertThat(run(0, "inspect", small.toString())).contains("llama").contains("Q4_K");

        try (KvantProcess server = KvantProcess.start("serve", "-m", small.toString(), "--port", "0")) {
            String base = server.awaitOutput(ADDRESS, 60);
            String curl = server.awaitOutput(CURL, 60);

            assertThat(shell(curl)).as("the printed line: %s", curl).contains("choices");
            String story = post(base + "/v1/chat/completions", """
                    {"messages":[{"role":"user","content":"Tell me a story about a fox named Pip."}],"temperature":0,"max_tokens":48}""");
            assertThat(story).contains("Pip").contains("completion_tokens");
            assertThat(get(base + "/metrics"))
                    .contains("kvant_time_to_first_token_seconds_bucket")
                    .containsPattern("process_resident_memory_bytes|kvant_resident");

            server.interrupt();
            assertThat(server.await(60)).as(server.output()).isZero();
        }
    }

    /** Whether the trial chooses it depends on the machine; a quantized cache must be tried, and serve the same story before and after. */
    @Test
    void triesAttentionForAQuantizedCache() throws Exception {
        Path full = folder.resolve("demo.gguf");
        run(0, "convert", KvantProcess.root().resolve("models/demo").toString(), "-o", full.toString());
        String request = "{\"prompt\":\"Once upon a time\",\"temperature\":0,\"max_tokens\":24}";
        Pattern text = Pattern.compile("\"text\":\"([^\"]*)\"");
        String ggml;
        try (KvantProcess server =
                KvantProcess.start("serve", "-m", full.toString(), "--port", "0", "--kv=q8_0", "--attention", "ggml")) {
            ggml = post(server.awaitOutput(ADDRESS, 60) + "/v1/completions", request);
            assertThat(server.output()).doesNotContain("incubator", "Attention over");
        }
        try (KvantProcess server = KvantProcess.start("serve", "-m", full.toString(), "--port", "0", "--kv=q8_0")) {
            String base = server.awaitOutput(ADDRESS, 60);
            String unused = server.awaitOutput(Pattern.compile("(Attention over the cache)"), 60);
            Matcher expected = text.matcher(ggml);
            Matcher actual = text.matcher(post(base + "/v1/completions", request));
            assertThat(expected.find()).isTrue();
            assertThat(actual.find()).isTrue();
            assertThat(actual.group(1)).isEqualTo(expected.group(1));
            server.interrupt();
            assertThat(server.await(60)).as(server.output()).isZero();
        }
    }

    @Test
    void twoModelsAreServedByName() throws Exception {
        Path full = folder.resolve("demo.gguf");
        Path small = folder.resolve("small.gguf");
        run(0, "convert", KvantProcess.root().resolve("models/demo").toString(), "-o", full.toString());
        run(0, "quantize", full.toString(), small.toString(), "--type", "Q4_0");
        assertThat(run(2, "serve", full.toString(), full.toString(), "--port", "0"))
                .contains("--alias");
        try (KvantProcess server = KvantProcess.start(
                "serve", full.toString(), small.toString(), "--alias", "big,little", "--port", "0", "-t", "1")) {
            String base = server.awaitOutput(ADDRESS, 60);
            assertThat(get(base + "/v1/models")).contains("\"big\"", "\"little\"");
            for (String name : new String[] {"big", "little"}) {
                assertThat(post(
                                base + "/v1/completions",
                                "{\"model\":\"" + name + "\",\"prompt\":\"Once upon a time\",\"max_tokens\":8}"))
                        .contains("\"model\":\"" + name + "\"");
            }
            assertThat(get(base + "/metrics"))
                    .contains("kvant_generated_tokens_total{model=\"big\"} 8.0")
                    .contains("kvant_generated_tokens_total{model=\"little\"} 8.0");
            server.interrupt();
            assertThat(server.await(60)).as(server.output()).isZero();
        }
    }

    /** As a service manager starts it: nothing in the environment, a folder with a space, names beyond ASCII. */
    @Test
    void runsWithoutADevelopersShell() throws Exception {
        Path home = Files.createDirectories(folder.resolve("a home"));
        Path bin = Files.createDirectories(home.resolve("bin"));
        try (var files = Files.list(KvantProcess.root().resolve("bin"))) {
            for (Path file : files.toList()) {
                Files.copy(file, bin.resolve(file.getFileName().toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        Files.createSymbolicLink(
                home.resolve("lib"), KvantProcess.root().resolve("build/lib").toRealPath());
        Path model = folder.resolve("mödel.gguf");
        String kvant = bin.resolve("kvant").toString();
        bare(0, kvant, "convert", KvantProcess.root().resolve("models/demo").toString(), "-o", model.toString());
        bare(
                0,
                kvant,
                "quantize",
                model.toString(),
                folder.resolve("kleiner ü.gguf").toString(),
                "--type",
                "Q4_0");
        assertThat(bare(0, kvant, "inspect", folder.resolve("kleiner ü.gguf").toString()))
                .contains("kleiner ü.gguf");
    }

    /** Runs a program with next to no environment. */
    private static String bare(int expected, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("KVANT_NATIVE_DIR", System.getProperty("kvant.native.dir", ""));
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out).isEqualTo(expected);
        return out;
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        Path missing = folder.resolve("missing.gguf");
        assertThat(run(2, "serve", "-m", missing.toString(), "--port", "0")).contains("missing.gguf");
        assertThat(run(
                        2,
                        "quantize",
                        missing.toString(),
                        folder.resolve("out.gguf").toString(),
                        "--type",
                        "Q4_K_M"))
                .contains("missing.gguf");
        assertThat(run(
                        2,
                        "convert",
                        folder.toString(),
                        "-o",
                        folder.resolve("out.gguf").toString()))
                .contains("config.json");
        assertThat(folder.resolve("out.gguf")).doesNotExist();
    }

    private static String run(int expected, String... arguments) throws Exception {
        try (KvantProcess process = KvantProcess.start(arguments)) {
            int code = process.await(120);
            assertThat(code)
                    .as("kvant %s:%n%s", String.join(" ", arguments), process.output())
                    .isEqualTo(expected);
            return process.output();
        }
    }

    private static String shell(String line) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", line).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(line).isZero();
        return out;
    }

    private static String post(String uri, String body) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(uri))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static String get(String uri) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(uri)).build());
    }

    private static String send(HttpRequest request) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            return response.body();
        }
    }
}
