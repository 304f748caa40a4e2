package org.kvant.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvant.cli.CommandProcess;
import org.kvant.cli.JsonTree;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/** {@code kvant serve} from its first line to its exit code. */
class ServeCommandTest {
    private static final Pattern READY = Pattern.compile("Ready on (http://\\S+)");

    @TempDir
    private static Path folder;

    private static String model;

    @BeforeAll
    static void convert() throws Exception {
        Path file = folder.resolve("demo.gguf");
        Converter.convert(
                Path.of(System.getProperty("kvant.root"), "models", "demo"), file, OutType.F16, ProgressListener.NONE);
        model = file.toString();
    }

    private static HttpRequest stream(String url) {
        return HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"prompt\":\"Once upon a time\",\"stream\":true,\"ignore_eos\":true,\"max_tokens\":400}"))
                .build();
    }

    private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void servesThenDrainsAndExitsWithZero() throws Exception {
        try (CommandProcess serve = CommandProcess.start(
                        "serve",
                        "-m",
                        model,
                        "--alias",
                        "it's demo",
                        "--port",
                        "0",
                        "-ctk",
                        "q8_0",
                        "-ctv",
                        "q8_0",
                        "-t",
                        "1");
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(READY);
            // 4 sequences of 512 tokens, 6 layers, 2 heads of 64 values for K and for V, 34 bytes for 32 values.
            assertThat(serve.output())
                    .contains("KV cache: 3.2 MiB for 2048 tokens in 4 sequences (K q8_0 1.6 MiB, V q8_0 1.6 MiB)");
            assertThat(get(client, url + "/ready").body()).isEqualTo("{\"status\":\"ready\",\"model\":\"it's demo\"}");
            // To within the library's own log, which is where the engine has it from.
            assertThat(reserved(get(client, url + "/metrics").body())).isCloseTo(1_671_168, withinPercentage(1));
            assertThat(words(serve.await(Pattern.compile("\n  (curl .*)\n"))))
                    .isEqualTo("curl|" + url + "/v1/chat/completions|-H|Content-Type: application/json|-d|"
                            + "{\"model\":\"it's demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Tell me a story about a cat.\"}],"
                            + "\"max_tokens\":64}|");

            HttpResponse<InputStream> answer = client.send(stream(url), HttpResponse.BodyHandlers.ofInputStream());
            serve.signal("INT");
            assertThat(new String(answer.body().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("\"finish_reason\":\"length\"")
                    .endsWith("data: [DONE]\n\n");
            assertThat(serve.await()).isZero();
            assertThat(serve.output()).contains("Finishing what is running").endsWith("Stopped.\n");
        }
    }

    private static double reserved(String metrics) {
        Matcher line = Pattern.compile("kvant_kv_reserved_bytes\\{model=\"it's demo\",part=\"k\",type=\"q8_0\"} (\\S+)")
                .matcher(metrics);
        assertThat(line.find()).isTrue();
        return Double.parseDouble(line.group(1));
    }

    /** What a shell makes of the line, each word followed by a bar. */
    private static String words(String line) throws Exception {
        Process shell = new ProcessBuilder("sh", "-c", "printf '%s|' " + line).start();
        String words = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shell.waitFor()).isZero();
        return words;
    }

    private static String post(HttpClient client, String url, String body) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void logsEachRequestAsJson() throws Exception {
        try (CommandProcess serve =
                        CommandProcess.start("serve", "-m", model, "--port", "0", "-t", "1", "--log-format", "json");
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(READY);
            Map<String, Object> answer = JsonTree.object(
                    post(client, url, "{\"prompt\":\"A secret\",\"ignore_eos\":true,\"max_tokens\":9}"));
            String refused = post(client, url, "{\"prompt\":\"A secret\",\"n\":0}");
            assertThat(refused).contains("value_below_minimum");
            serve.signal("INT");
            assertThat(serve.await()).isZero();

            List<Map<String, Object>> lines = new ArrayList<>();
            for (String line : serve.output().lines().toList()) {
                if (line.contains("\"kvant.request\"")) {
                    lines.add(JsonTree.object(line));
                }
            }
            assertThat(lines).hasSize(2);
            assertThat(lines.getFirst())
                    .containsEntry("level", "INFO")
                    .containsEntry("message", "request")
                    .containsEntry("id", answer.get("id"))
                    .containsEntry("outcome", "length")
                    .containsEntry("completion_tokens", 9)
                    .containsEntry("cached_tokens", 0)
                    .doesNotContainKey("prompt");
            double first = JsonTree.number(lines.getFirst(), "first_token_ms").doubleValue();
            double between =
                    JsonTree.number(lines.getFirst(), "between_tokens_ms").doubleValue();
            double total = JsonTree.number(lines.getFirst(), "total_ms").doubleValue();
            assertThat(first).isPositive();
            assertThat(first + 8 * between).isCloseTo(total, withinPercentage(1));
            assertThat(Instant.parse((String) lines.getFirst().get("time"))).isBefore(Instant.now());
            assertThat(lines.getLast())
                    .containsEntry("outcome", "rejected")
                    .containsEntry("status", 400)
                    .containsEntry("code", "value_below_minimum");
            assertThat(serve.output()).doesNotContain("A secret");
        }
    }

    @Test
    void logsPromptsOnlyWhenAsked() throws Exception {
        try (CommandProcess serve =
                        CommandProcess.start("serve", "-m", model, "--port", "0", "-t", "1", "--log-prompts");
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(READY);
            String unused = post(client, url, "{\"prompt\":\"A\\nsecret\",\"max_tokens\":2}");
            serve.await(Pattern.compile("(kvant\\.request - request id=\"cmpl-.* prompt=\".*A secret\"\n)"));
        }
    }

    /** A start has better things to do than to load what nobody asked for. */
    @Test
    void loadsTelemetryOnlyWhenItIsAskedFor() throws Exception {
        Path without = folder.resolve("without.log");
        Path with = folder.resolve("with.log");
        assertThat(serveAndStop(without)).isZero();
        // Nobody listens there: the server must not mind, and must end all the same.
        assertThat(serveAndStop(with, "--otlp-endpoint", "http://127.0.0.1:1")).isZero();
        assertThat(Files.readString(without))
                .contains("org.kvant.monitoring.Monitoring ")
                .doesNotContain("io.opentelemetry");
        assertThat(Files.readString(with)).contains("io.opentelemetry");
    }

    private static int serveAndStop(Path classes, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("serve", "-m", model, "--port", "0", "-t", "1"));
        words.addAll(List.of(options));
        try (CommandProcess serve = CommandProcess.start(
                        List.of("-Xlog:class+load:file=" + classes), words.toArray(String[]::new));
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(READY);
            assertThat(post(client, url, "{\"prompt\":\"A\",\"max_tokens\":2}")).contains("\"usage\"");
            serve.signal("INT");
            return serve.await();
        }
    }

    @Test
    void aSecondSignalStopsAtOnce() throws Exception {
        try (CommandProcess serve = CommandProcess.start(
                        "serve", "-m", model, "--port", "0", "-t", "1", "--drain-timeout", "1000");
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(READY);
            HttpResponse<InputStream> answer = client.send(stream(url), HttpResponse.BodyHandlers.ofInputStream());
            serve.signal("TERM");
            serve.signal("TERM");
            // The first may have finished before the second comes: this is a small model.
            assertThat(serve.await()).isIn(0, 128 + 15);
            answer.body().close();
        }
    }

    @Test
    void stopsWhileLoading() throws Exception {
        try (CommandProcess serve = CommandProcess.start("serve", "-m", model, "--port", "0", "-t", "1")) {
            serve.await(Pattern.compile("(KV cache)"));
            serve.signal("INT");
            assertThat(serve.await()).isZero();
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                CommandProcess serve =
                        CommandProcess.start("serve", "-m", model, "--port", Integer.toString(taken.getLocalPort()))) {
            assertThat(serve.await()).isEqualTo(2);
            assertThat(serve.output())
                    .contains("kvant serve: Port " + taken.getLocalPort() + " on 127.0.0.1 is in use")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void refusesAFileThatIsNoModel() throws Exception {
        Path text = Files.writeString(folder.resolve("text.gguf"), "not a model, but long enough to hold a header");
        try (CommandProcess serve = CommandProcess.start("serve", "-m", text.toString())) {
            assertThat(serve.await()).isEqualTo(2);
            assertThat(serve.output())
                    .startsWith("kvant serve: ")
                    .contains("text.gguf")
                    .doesNotContain("\tat ");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "-ctk q4_K; 'q4_K' is no type of a cache; f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl",
                "-ctv q8_0 -fa off; needs flash attention; disabled",
                "-fa maybe; --flash-attn must be auto, on or off; maybe",
                "--attention java; --attention must be auto or ggml; 'java'",
                "--parallel 0; --parallel must be between 1 and 256; 0",
                "--ctx-size 3 --parallel 4; --ctx-size 3; --parallel",
                "--log-format xml; --log-format; [TEXT, JSON]",
                "--otlp-endpoint localhost:4318; --otlp-endpoint must be a URL; http://localhost:4318",
                "--port 70000; --port must be between 0 and 65535; 70000",
                "--threads many; 'many' is neither a number of threads nor auto; auto",
                "--threads auto -tb 2; --threads auto chooses --threads-batch too; leave that out",
                "--prompt-cache-size 1GiB; --prompt-cache-size needs --prompt-cache DIR; DIR",
                "--draft-max 4; --draft-max needs --draft FILE; FILE",
                "--draft x.gguf --draft-max 16; --draft-max must be between 1 and 15; 16",
                "--metrics-names prometheus; No metrics vocabulary 'prometheus'; llama-server"
            })
    void refusesOptionsBeforeAnythingIsLoaded(String options, String hint, String remedy) throws Exception {
        String[] words = ("serve -m " + model + " " + options).split(" ");
        try (CommandProcess serve = CommandProcess.start(words)) {
            assertThat(serve.await()).isEqualTo(2);
            assertThat(serve.output())
                    .contains(hint)
                    .contains(remedy)
                    .doesNotContain("Loading")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void listsDevices() throws Exception {
        try (CommandProcess devices = CommandProcess.start("devices")) {
            assertThat(devices.await()).isZero();
            assertThat(devices.output()).contains("llama.cpp 0.5.0").containsPattern("CPU +cpu +.* (K|M|G)iB");
        }
    }
}
