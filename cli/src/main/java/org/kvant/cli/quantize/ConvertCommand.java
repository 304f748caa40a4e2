package org.kvant.cli.quantize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.convert.ConvertOptions;
import org.kvant.convert.ConvertResult;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.model.ByteSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvant convert}: a Hugging Face checkpoint to GGUF. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = "Converts a Hugging Face checkpoint (safetensors) to a GGUF file.",
        footer = {"", "Families: Llama 1 to 3.x, SmolLM, TinyLlama, Mistral; Qwen2, Qwen2.5; Qwen3; Gemma 3 (text)."})
public final class ConvertCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "Folder with config.json, *.safetensors and the tokenizer's files.")
    private Path checkpoint = Path.of("");

    @Option(
            names = {"-o", "--out", "--outfile"},
            paramLabel = "FILE",
            required = true,
            description = "GGUF file to write. An existing file is replaced once the new one is complete.")
    private Path out = Path.of("");

    @Option(
            names = "--outtype",
            paramLabel = "TYPE",
            defaultValue = "auto",
            description = "f32, f16, bf16, or auto: the checkpoint's own 16-bit type (default: ${DEFAULT-VALUE}).")
    private String outType = "auto";

    @Option(
            names = "--pre",
            paramLabel = "NAME",
            description = "llama.cpp's name for the pre-tokenizer, if the one in tokenizer.json is not recognized.")
    private @Nullable String pre;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show no progress.")
    private boolean quiet;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        ConvertOptions options = new ConvertOptions(outType(), Optional.ofNullable(pre));
        try (ProgressBar bar = new ProgressBar()) {
            ConvertResult result =
                    Converter.convert(checkpoint, out, options, quiet ? org.kvant.gguf.ProgressListener.NONE : bar);
            bar.close();
            System.err.printf(
                    Locale.ROOT,
                    "%s: %s, %s, %d tensors, %s of weights, %.1f s%n",
                    result.file(),
                    result.architecture(),
                    result.type().label(),
                    result.tensors(),
                    ByteSize.text(result.tensorBytes()),
                    bar.seconds());
        }
        return 0;
    }

    private OutType outType() {
        for (OutType type : OutType.values()) {
            if (type.label().equalsIgnoreCase(outType)) {
                return type;
            }
        }
        CommandSpec own = spec;
        if (own == null) {
            throw new IllegalStateException("not run by picocli");
        }
        throw new ParameterException(
                own.commandLine(), "--outtype " + outType + ": not known; use f32, f16, bf16 or auto");
    }
}
