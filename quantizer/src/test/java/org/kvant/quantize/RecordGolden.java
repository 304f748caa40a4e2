package org.kvant.quantize;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kvant.gguf.GgufFile;

/**
 * Records what llama-quantize makes of the synthetic models, for {@link GoldenFilesTest}:
 *
 * <pre>java -cp quantizer/target/test-classes:quantizer/target/classes:bindings/target/classes:… \
 *     org.kvant.quantize.RecordGolden LLAMA_QUANTIZE quantizer/src/test/resources/org/kvant/quantize/golden-files.txt [MODEL.gguf]…</pre>
 *
 * llama-quantize of llama.cpp v0.5.0 should run on the pinned libggml-base.so (LD_LIBRARY_PATH): a build for the machine's
 * own processor may contract multiplications and additions and so round differently. Models given by name, such as the
 * demo converted by llama.cpp's own converter, are recorded by their tensors only.
 */
final class RecordGolden {
    private RecordGolden() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path tool = Path.of(args[0]).toAbsolutePath();
        Path folder = Files.createTempDirectory("golden");
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[1])))) {
            out.println("# Recorded by RecordGolden from llama-quantize, llama.cpp v0.5.0.");
            out.println(
                    "# model, preset, imatrix (none, legacy or gguf), size of the file, SHA-256 of the file, of its tensors");
            for (SyntheticModel model : SyntheticModel.ALL) {
                Path input = model.write(folder.resolve("in.gguf"));
                model.writeLegacyImatrix(folder.resolve("legacy"), 5);
                model.writeImatrix(folder.resolve("gguf"));
                record(out, tool, folder, model.name(), input, model.imatrices());
            }
            for (int i = 2; i < args.length; i++) {
                Path input = Path.of(args[i]).toAbsolutePath();
                record(out, tool, folder, String.valueOf(input.getFileName()), input, List.of("none"));
            }
        }
    }

    private static void record(PrintWriter out, Path tool, Path folder, String name, Path input, List<String> imatrices)
            throws IOException, InterruptedException {
        for (String imatrix : imatrices) {
            for (Preset preset : Preset.values()) {
                Path output = folder.resolve("out.gguf");
                Files.deleteIfExists(output);
                List<String> command = new ArrayList<>(List.of(tool.toString()));
                if (!imatrix.equals("none")) {
                    command.addAll(List.of("--imatrix", imatrix));
                }
                command.addAll(List.of(input.toString(), output.toString(), preset.name(), "2"));
                Process process = new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start();
                if (process.waitFor() != 0) {
                    out.println(name + " " + preset + " " + imatrix + " refused - -");
                    continue;
                }
                out.println(name + " " + preset + " " + imatrix + " " + size(output) + " " + Digests.ofFile(output)
                        + " " + Digests.ofTensors(output));
            }
        }
    }

    private static long size(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return gguf.sizeBytes();
        }
    }
}
