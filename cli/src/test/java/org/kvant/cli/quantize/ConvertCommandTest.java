package org.kvant.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.cli.terminal.FailureReporter;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import picocli.CommandLine;

class ConvertCommandTest {
    private static final Path DEMO =
            Path.of(Objects.requireNonNull(System.getProperty("kvant.root")), "models", "demo");

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return new CommandLine(new ConvertCommand())
                .setExecutionExceptionHandler(new FailureReporter())
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void convertsTheDemo() throws IOException {
        Path out = folder.resolve("demo.gguf");
        assertThat(run(DEMO.toString(), "-o", out.toString(), "--outtype", "F16"))
                .isZero();
        try (GgufFile file = GgufFile.open(out)) {
            assertThat(file.tensor("token_embd.weight").orElseThrow().type()).isEqualTo(GgmlType.F16);
            assertThat(file.metadata().string("tokenizer.ggml.pre")).isEqualTo("gpt-2");
        }
    }

    @Test
    void badInputIsOneLineAndExitCodeTwo() {
        Path out = folder.resolve("out.gguf");
        assertThat(run(folder.toString(), "-o", out.toString())).isEqualTo(2);
        assertThat(err.toString().strip().lines()).hasSize(1);
        assertThat(err.toString()).contains("kvant convert: " + folder).contains("no config.json");
        assertThat(Files.exists(out)).isFalse();
    }

    @Test
    void wrongUsageSaysWhatIsRight() {
        assertThat(run(DEMO.toString(), "-o", "x.gguf", "--outtype", "q4_0")).isEqualTo(2);
        assertThat(err.toString()).contains("--outtype q4_0").contains("f32, f16, bf16 or auto");
        assertThat(run(DEMO.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("-o");
    }
}
