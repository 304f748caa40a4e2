package org.kvant.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.cli.CommandProcess;
import org.kvant.cli.JsonTree;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;

/** {@code kvant plan} against what {@code kvant serve} with the same options reports. */
class PlanCommandTest {
    /** Series of the parts. */
    private static final Map<String, String> PARTS = Map.of(
            "weights", "kvant_weight_bytes{",
            "kv_k", "kvant_kv_reserved_bytes{model=\"demo\",part=\"k\"",
            "kv_v", "kvant_kv_reserved_bytes{model=\"demo\",part=\"v\"",
            "compute_buffers", "kvant_compute_buffer_bytes{",
            "java_heap_max", "kvant_java_heap_max_bytes");

    @TempDir
    private static Path folder;

    private static String model;
    private static String draft;

    @BeforeAll
    static void convert() throws Exception {
        Path file = folder.resolve("demo.gguf");
        Converter.convert(
                Path.of(System.getProperty("kvant.root"), "models", "demo"), file, OutType.F16, ProgressListener.NONE);
        model = file.toString();
        Path small = folder.resolve("draft.gguf");
        var unused = Quantizer.run(QuantizeOptions.of(file, small, Preset.Q4_0), ProgressListener.NONE);
        draft = small.toString();
    }

    private static String plan(int code, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("plan", model));
        words.addAll(List.of(options));
        try (CommandProcess plan = CommandProcess.start(words.toArray(String[]::new))) {
            assertThat(plan.await()).as(plan.output()).isEqualTo(code);
            return plan.output();
        }
    }

    private static Map<String, Object> json(int code, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("--json"));
        words.addAll(List.of(options));
        return JsonTree.object(plan(code, words.toArray(String[]::new)));
    }

    private static long number(Map<String, Object> json, String object, String name) {
        return JsonTree.number(json, object, name).longValue();
    }

    private static double reported(String metrics, String series) {
        return metrics.lines()
                .filter(line -> line.startsWith(series))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"--ctx-size 1024 --parallel 2 --kv q8_0/f16", "--ctx-size 300 --parallel 1 -ub 64 --kv f32"})
    void saysWhatTheRunningServerReports(String options) throws Exception {
        assertPlanned(options.split(" "), PARTS);
    }

    @Test
    void saysWhatADraftModelTakes() throws Exception {
        Map<String, String> parts = new HashMap<>(PARTS);
        parts.put("draft_weights", "kvant_draft_model_bytes{model=\"demo\",part=\"weights\"");
        parts.put("draft_kv_k", "kvant_draft_model_bytes{model=\"demo\",part=\"kv_k\"");
        parts.put("draft_kv_v", "kvant_draft_model_bytes{model=\"demo\",part=\"kv_v\"");
        parts.put("draft_compute_buffers", "kvant_draft_model_bytes{model=\"demo\",part=\"compute_buffers\"");
        Map<String, Object> planned = assertPlanned(
                new String[] {
                    "--ctx-size",
                    "1024",
                    "--parallel",
                    "2",
                    "--kv",
                    "q8_0",
                    "-ub",
                    "128",
                    "--draft",
                    draft,
                    "--prompt-scratch",
                    "0"
                },
                parts);
        long sum = parts.keySet().stream()
                .mapToLong(part -> number(planned, "bytes", part))
                .sum();
        assertThat(number(planned, "bytes", "total")).isEqualTo(sum + number(planned, "bytes", "java_rest"));

        assertThat(plan(0, "--draft", draft))
                .containsPattern("draft model: weights +3\\.\\d MiB")
                .contains("draft model: compute buffers");
        assertThat(plan(2, "--draft-max", "4")).contains("--draft FILE");
        assertThat(plan(2, "--draft", draft + ".not")).contains("draft.gguf.not");
    }

    @Test
    void saysWhatALongPromptTakes() throws Exception {
        Map<String, String> parts = new HashMap<>(PARTS);
        parts.put("prompt_scratch_kv_k", "kvant_prompt_scratch_bytes{model=\"demo\",part=\"kv_k\"");
        parts.put("prompt_scratch_kv_v", "kvant_prompt_scratch_bytes{model=\"demo\",part=\"kv_v\"");
        parts.put(
                "prompt_scratch_compute_buffers", "kvant_prompt_scratch_bytes{model=\"demo\",part=\"compute_buffers\"");
        String[] options = {"--ctx-size", "1024", "--parallel", "2", "--kv", "q8_0", "-ub", "128"};
        Map<String, Object> planned = assertPlanned(options, parts);
        long without = number(
                json(
                        0,
                        Stream.concat(Stream.of(options), Stream.of("--prompt-scratch", "0"))
                                .toArray(String[]::new)),
                "bytes",
                "total");
        assertThat(number(planned, "bytes", "total"))
                .isEqualTo(without
                        + number(planned, "bytes", "prompt_scratch_kv_k")
                        + number(planned, "bytes", "prompt_scratch_kv_v")
                        + number(planned, "bytes", "prompt_scratch_compute_buffers"));
        assertThat(plan(2, "--prompt-scratch", "some")).contains("--prompt-scratch", "'some' is not a size");
    }

    /** Long enough for all that a server takes later. */
    private static void complete(HttpClient client, String url) throws Exception {
        String prompt = "The quick brown fox jumps over the lazy dog. ".repeat(30);
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"" + prompt + "\",\"max_tokens\":2}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    private static Map<String, Object> assertPlanned(String[] words, Map<String, String> parts) throws Exception {
        Map<String, Object> planned = json(0, words);
        List<String> command = new ArrayList<>(List.of("serve", "-m", model, "-a", "demo", "--port", "0", "-t", "1"));
        command.addAll(List.of(words));
        try (CommandProcess serve = CommandProcess.start(command.toArray(String[]::new));
                HttpClient client = HttpClient.newHttpClient()) {
            String url = serve.await(Pattern.compile("Ready on (http://\\S+)"));
            if (parts.containsKey("prompt_scratch_kv_k")) {
                complete(client, url);
            }
            String metrics = client.send(
                            HttpRequest.newBuilder(URI.create(url + "/metrics")).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            parts.forEach((part, series) -> assertThat((double) number(planned, "bytes", part))
                    .as(part)
                    .isPositive()
                    .isCloseTo(reported(metrics, series), withinPercentage(5)));
            assertThat(reported(metrics, "kvant_kv_cells{")).isEqualTo(number(planned, "context", "cells"));
        }
        return planned;
    }

    @Test
    void findsTheLargestContextThatFits() throws Exception {
        Map<String, Object> all = json(0, "--memory", "8GiB");
        assertThat(number(all, "largest", "ctx_size")).isEqualTo(4 * 512);
        long largest = number(all, "largest", "total");
        long half = number(json(0, "--ctx-size", "1024"), "bytes", "total");
        assertThat(half).isLessThan(largest);

        Map<String, Object> tight = json(1, "--ctx-size", "2048", "--memory", largest - 1 + "B");
        assertThat(tight).containsEntry("fits", false);
        assertThat(number(tight, "largest", "ctx_size")).isEqualTo(1024);
        assertThat(json(0, "--memory", largest + "B")).containsEntry("fits", true);
        assertThat(json(1, "--memory", "1MiB")).containsEntry("largest", null);
    }

    @Test
    void drawsATable() throws Exception {
        assertThat(plan(0, "--parallel", "2", "--kv", "q8_0"))
                .contains("1024 tokens of KV cache, 512 for each of 2 sequences")
                .containsPattern("weights +11\\.0 MiB +[█#▏▎▍▌▋▊▉]")
                .containsPattern("K cache, q8_0 +81\\d\\.\\d KiB")
                .contains("Largest context that does: --ctx-size 1024");
        assertThat(plan(1, "--memory", "100MiB"))
                .contains("Does not fit in 100.0 MiB")
                .contains("No context fits");
    }

    @Test
    void refusesWhatServeRefuses() throws Exception {
        assertThat(plan(2, "--kv", "q8_0", "-ctk", "f16")).contains("--kv gives both types");
        assertThat(plan(2, "--kv", "q4_K")).contains("is not K/V").contains("iq4_nl");
        assertThat(plan(2, "--ctx-size", "3")).contains("leaves nothing");
        assertThat(plan(2, "--memory", "lots")).contains("512MiB");
    }
}
