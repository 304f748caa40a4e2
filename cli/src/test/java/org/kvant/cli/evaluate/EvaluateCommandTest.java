package org.kvant.cli.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.cli.Main;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.loader.NativeOptions;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import picocli.CommandLine;

class EvaluateCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("kvant.root", ".."));
    private static final String TEXT = ROOT.resolve("LICENSE").toString();

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void makeModels() throws IOException {
        Backend.load(NativeOptions.in(Path.of(System.getProperty("kvant.native.dir"))));
        Path f16 = models.resolve("f16.gguf");
        Converter.convert(ROOT.resolve("models/demo"), f16, OutType.F16, ProgressListener.NONE);
        for (Preset preset : List.of(Preset.Q4_0, Preset.Q2_K)) {
            Path target = models.resolve(preset + ".gguf");
            Quantizer.run(
                    QuantizeOptions.builder(f16, target, preset).threads(1).build(), ProgressListener.NONE);
        }
    }

    private static String model(String name) {
        return models.resolve(name + ".gguf").toString();
    }

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("evaluate"));
        all.addAll(List.of(arguments));
        CommandLine command = Main.commandLine("evaluate");
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
    void printsTheFiguresAndWritesWhatIsAskedFor() throws IOException {
        Path questions = Files.writeString(
                folder.resolve("questions.jsonl"),
                "{\"ctx\": \"Once upon a time, there was a little\", \"endings\": [\"girl\", \"tax form\"], \"label\": 0}\n");
        assertThat(run(
                        model("Q4_0"),
                        "--reference",
                        model("f16"),
                        "--text",
                        TEXT,
                        "--chunks",
                        "2",
                        "--chunk-size",
                        "128",
                        "--paired",
                        model("Q4_0"),
                        model("Q2_K"),
                        "--multiple-choice",
                        questions.toString(),
                        "--kv",
                        "q8_0/q8_0",
                        "--report",
                        folder.resolve("r.html").toString(),
                        "--json",
                        folder.resolve("r.json").toString(),
                        "--per-token",
                        folder.resolve("r.tsv").toString(),
                        "-t",
                        "1",
                        "-q"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .contains("126 tokens scored, of 2 chunks of 128")
                .containsPattern("Q4_0 +0\\.00\\d{4} \\S+ 0\\.\\d{6} ")
                .containsPattern("Q2_K +0\\.0\\d{5} ")
                .containsPattern("(?s)multiple choice.*f16 +1 +100\\.00")
                .contains("Q4_0 against Q2_K: KLD differs by -0.")
                .contains("Q4_0 is closer to the reference");
        assertThat(files()).containsExactly("questions.jsonl", "r.html", "r.json", "r.tsv");
        assertThat(folder.resolve("r.html")).content().contains("kvant evaluate ", "q8_0/q8_0");
        assertThat(folder.resolve("r.tsv")).content().hasLineCount(1 + 2 * 126);
    }

    @Test
    void badInputIsNamedAndLeavesNothing() throws IOException {
        String target = folder.resolve("r.html").toString();
        assertRefused("name at least one model", "--reference", model("f16"), "--text", TEXT);
        assertRefused("--reference", model("Q4_0"), "--text", TEXT);
        assertRefused("no-such.txt: no such file", model("Q4_0"), "--reference", model("f16"), "--text", "no-such.txt");
        assertRefused("is not K/V", model("Q4_0"), "--reference", model("f16"), "--text", TEXT, "--kv", "q9_0/f16");
        assertRefused("both are", "--paired", "a", "a", "--reference", model("f16"), "--text", TEXT);
        assertRefused(
                "no-such.gguf: no such file",
                model("no-such"),
                "--reference",
                model("f16"),
                "--text",
                TEXT,
                "--report",
                target);
        assertRefused(
                "is a model, not a text",
                model("Q4_0"),
                "--reference",
                model("f16"),
                "--text",
                TEXT,
                model("Q2_K"),
                "--report",
                target);
        assertRefused(
                "is one of the inputs",
                model("Q4_0"),
                "--reference",
                model("f16"),
                "--text",
                TEXT,
                "--json",
                model("Q4_0"));
        assertRefused(
                "does not exist",
                model("Q4_0"),
                "--reference",
                model("f16"),
                "--text",
                TEXT,
                "--json",
                folder.resolve("no/such.json").toString());
        assertThat(files()).isEmpty();
    }

    private void assertRefused(String message, String... arguments) {
        err.getBuffer().setLength(0);
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("-q");
        assertThat(run(all.toArray(String[]::new))).as(err.toString()).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }
}
