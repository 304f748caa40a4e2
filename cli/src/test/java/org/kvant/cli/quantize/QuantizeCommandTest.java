package org.kvant.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.cli.Main;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import picocli.CommandLine;

class QuantizeCommandTest {
    private static final String DEMO =
            Path.of(System.getProperty("kvant.root", ".."), "models", "demo").toString();

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("quantize"));
        all.addAll(List.of(arguments));
        CommandLine command = Main.commandLine("quantize");
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(all.toArray(String[]::new));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void quantizesACheckpointFolderAndLeavesOnlyTheResult() throws IOException {
        Path target = folder.resolve("demo.gguf");
        assertThat(run(DEMO, target.toString(), "--type", "q4_k_m", "-q", "--tensor-type", "blk\\.0\\.attn_q=f16"))
                .as(err.toString())
                .isZero();
        assertThat(files()).containsExactly("demo.gguf");
        try (GgufFile gguf = GgufFile.open(target)) {
            assertThat(gguf.metadata().integer("general.file_type")).isEqualTo(15);
            assertThat(gguf.tensor("token_embd.weight").orElseThrow().type()).isEqualTo(GgmlType.Q6_K);
            assertThat(gguf.tensor("blk.0.attn_q.weight").orElseThrow().type()).isEqualTo(GgmlType.F16);
            assertThat(gguf.tensor("blk.1.attn_q.weight").orElseThrow().type()).isEqualTo(GgmlType.Q4_K);
        }
    }

    @Test
    void aDryRunShowsEveryTensorAndTheTotalsAndWritesNothing() throws IOException {
        assertThat(run(DEMO, "--type", "Q4_0", "--dry-run", "-q", "--tensor-type", "no_such=q8_0"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .containsPattern("token_embd.weight +256 x 4096 +BF16 +Q6_K +2\\.0 MiB +840\\.0 KiB")
                .containsPattern("blk.5.ffn_down.weight +768 x 256 +BF16 +Q4_0 +384\\.0 KiB +108\\.0 KiB")
                .containsPattern("output_norm.weight +256 +F32 +- +1\\.0 KiB +1\\.0 KiB")
                .containsPattern("Q4_0 +42 tensors")
                .containsPattern(
                        "56 tensors, 5,770,496 weights: 11\\.0 MiB \\(16\\.01 bits a weight\\) become 3\\.[0-9] MiB")
                .contains("note: no tensor's name fits --tensor-type no_such");
        assertThat(files()).isEmpty();
    }

    @Test
    void whatWouldFailIsSaidByADryRunAndRefusedOtherwise() throws IOException {
        assertThat(run(DEMO, "--type", "Q2_K_S", "--dry-run", "-q")).isZero();
        assertThat(out.toString()).contains("this would fail: ").contains("--imatrix");
        assertThat(run(DEMO, folder.resolve("x.gguf").toString(), "--type", "Q2_K_S", "-q"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("kvant quantize: tensor blk.").contains("--imatrix");
        assertThat(files()).isEmpty();
    }

    @Test
    void wrongUsageSaysWhatWouldBeRight() throws IOException {
        String target = folder.resolve("x.gguf").toString();
        assertUsage("there is no preset 'Q9_K'; there are F32, F16", DEMO, target, "--type", "Q9_K");
        assertUsage("Missing required option: '--type", DEMO, target);
        assertUsage("name the file to write", DEMO, "--type", "Q4_0");
        assertUsage("is not PATTERN=TYPE", DEMO, target, "--type", "Q4_0", "--tensor-type", "attn_v");
        assertUsage("is not a regular expression", DEMO, target, "--type", "Q4_0", "--tensor-type", "a(=q8_0");
        assertUsage("there is no type 'q7'", DEMO, target, "--type", "Q4_0", "--output-tensor-type", "q7");
        assertUsage("is not KEY=TYPE:VALUE", DEMO, target, "--type", "Q4_0", "--override-kv", "a=b");
        assertUsage("not a size", DEMO, target, "--type", "Q4_0", "--split-max-size", "5T");
        assertUsage("--threads must be at least 1", DEMO, target, "--type", "Q4_0", "-t", "0");
        assertUsage(
                "can't be used together",
                DEMO,
                target,
                "--type",
                "Q4_0",
                "--include-weights",
                "a",
                "--exclude-weights",
                "b");
        assertUsage("no-such.gguf", folder.resolve("no-such.gguf").toString(), target, "--type", "Q4_0");
        assertThat(files()).isEmpty();
    }

    private void assertUsage(String message, String... arguments) {
        err.getBuffer().setLength(0);
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void largeModelsAreCutIntoParts() throws IOException {
        Path target = folder.resolve("demo.gguf");
        assertThat(run(DEMO, target.toString(), "--type", "Q8_0", "-q", "--split-max-size", "2M"))
                .as(err.toString())
                .isZero();
        assertThat(files()).hasSizeBetween(3, 5).allMatch(name -> name.matches("demo-0000\\d-of-0000\\d\\.gguf"));
        Path first = folder.resolve(files().getFirst());
        Path again = folder.resolve("again.gguf");
        assertThat(run(
                        first.toString(),
                        again.toString(),
                        "--type",
                        "Q4_0",
                        "-q",
                        "--keep-split",
                        "--allow-requantize"))
                .as(err.toString())
                .isZero();
        assertThat(files().stream().filter(name -> name.startsWith("again-"))).hasSizeBetween(3, 5);
    }
}
