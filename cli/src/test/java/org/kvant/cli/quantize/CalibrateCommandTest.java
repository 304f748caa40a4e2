package org.kvant.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.calibrate.Statistics;
import org.kvant.cli.CommandProcess;
import org.kvant.cli.Main;
import org.kvant.cli.terminal.MemorySizeConverter;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;
import picocli.CommandLine;

class CalibrateCommandTest {
    private static final Path DEMO = Path.of(System.getProperty("kvant.root", ".."), "models", "demo");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String text = "";

    @BeforeEach
    void writeText() throws IOException {
        String story =
                "One day, a little girl named Lily found a needle in her room. She knew it was difficult to play with it"
                        + " because it was sharp. Lily wanted to share the needle with her mom, so she could sew a button on her shirt. ";
        text = Files.writeString(folder.resolve("story.txt"), story.repeat(400)).toString();
    }

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("calibrate"));
        all.addAll(List.of(arguments));
        CommandLine command = Main.commandLine("calibrate");
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(all.toArray(String[]::new));
    }

    private String demo() throws IOException {
        Path model = folder.resolve("demo.gguf");
        Converter.convert(DEMO, model, OutType.AUTO, ProgressListener.NONE);
        return model.toString();
    }

    @Test
    void calibratesACheckpointAndLeavesOnlyTheResult() throws IOException {
        Path target = folder.resolve("stats.gguf");
        assertThat(run(
                        DEMO.toString(),
                        "--text",
                        text,
                        "-o",
                        target.toString(),
                        "--chunks",
                        "2",
                        "--full",
                        "-q",
                        "-t",
                        "1"))
                .as(err.toString())
                .isZero();
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .containsExactlyInAnyOrder("stats.gguf", "story.txt");
        }
        try (Statistics statistics = Statistics.open(target)) {
            assertThat(statistics.full()).isTrue();
            assertThat(statistics.chunks()).hasDimensions(2, 512);
        }
    }

    @Test
    void wrongUseIsExplained() throws IOException {
        String output = folder.resolve("x.gguf").toString();
        String model = demo();
        assertThat(run(model, "-o", output)).isEqualTo(2);
        assertThat(run(model, "--text", text, "--data-free", "-o", output)).isEqualTo(2);
        assertThat(run(model, "--text", text)).isEqualTo(2);
        assertThat(run(model, "--text", text, "--seed", "3", "-o", output)).isEqualTo(2);
        assertThat(run(model, "--text", text, "--chunk-size", "8", "-o", output))
                .isEqualTo(2);
        assertThat(run(model, "--text", text, "--memory", "much", "-o", output)).isEqualTo(2);
        assertThat(run(model, "--text", folder.resolve("none.txt").toString(), "-o", output))
                .isEqualTo(2);
        assertThat(run(model, "--text", text, "-o", model)).isEqualTo(2);
        assertThat(run(text, "--text", text, "-o", output)).isEqualTo(2);
        assertThat(err.toString())
                .contains("--data-free")
                .contains("mutually exclusive")
                .contains("'--output=OUT'")
                .contains("--seed is for --data-free only")
                .contains("chunkSize is 8")
                .contains("'much' is not a size")
                .contains("none.txt: no such file")
                .contains("input of this very work")
                .contains("not a GGUF file")
                .doesNotContain("\tat ");
        assertThat(Path.of(output)).doesNotExist();
    }

    @Test
    void sizesHaveUnits() {
        MemorySizeConverter converter = new MemorySizeConverter();
        assertThat(converter.convert("2GiB")).isEqualTo(2L << 30);
        assertThat(converter.convert("1.5 gib")).isEqualTo(3L << 29);
        assertThat(converter.convert("500M")).isEqualTo(500_000_000);
        assertThat(converter.convert("123")).isEqualTo(123);
    }

    /** Ctrl-C, then kill -9, then to the end: the file is that of an undisturbed run. */
    @Test
    void interruptedItGoesOn() throws Exception {
        String model = demo();
        Path whole = folder.resolve("whole.gguf");
        Path broken = folder.resolve("broken.gguf");
        String[] common = {"--text", text, "--chunks", "40", "--chunk-size", "128", "-t", "1"};
        finish(model, whole, common);
        try (CommandProcess first = start(model, broken, common)) {
            first.await(Pattern.compile("(\\d+)% .*calibrating"));
            first.signal("INT");
            assertThat(first.await()).as(first.output()).isEqualTo(130);
            assertThat(first.output()).contains("the same command goes on");
        }
        assertThat(broken).doesNotExist();
        assertThat(folder.resolve("broken.gguf.partial")).isDirectory();
        try (CommandProcess second = start(model, broken, common)) {
            second.await(Pattern.compile("(\\d+)% .*calibrating"));
            second.signal("KILL");
            assertThat(second.await()).as(second.output()).isEqualTo(137);
        }
        assertThat(broken).doesNotExist();
        finish(model, broken, common);
        assertThat(broken).hasSameBinaryContentAs(whole);
        assertThat(folder.resolve("broken.gguf.partial")).doesNotExist();
    }

    private static void finish(String model, Path output, String... common) throws Exception {
        try (CommandProcess process = start(model, output, common)) {
            assertThat(process.await()).as(process.output()).isZero();
        }
    }

    private static String[] arguments(String model, Path output, String... common) {
        List<String> all = new ArrayList<>(List.of(model, "-o", output.toString()));
        all.addAll(List.of(common));
        return all.toArray(String[]::new);
    }

    private static CommandProcess start(String model, Path output, String... common) throws IOException {
        List<String> all = new ArrayList<>(List.of("calibrate"));
        all.addAll(List.of(arguments(model, output, common)));
        return CommandProcess.start(all.toArray(String[]::new));
    }
}
