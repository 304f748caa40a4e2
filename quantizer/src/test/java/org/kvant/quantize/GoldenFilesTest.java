package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/** Every preset on every synthetic model, against what llama-quantize made of the same file; see {@link RecordGolden}. */
class GoldenFilesTest {
    @TempDir
    Path folder;

    record Golden(String model, Preset preset, String imatrix, String size, String file, String tensors) {
        static Golden parse(String line) {
            String[] words = line.split(" ");
            return new Golden(words[0], Preset.of(words[1]).orElseThrow(), words[2], words[3], words[4], words[5]);
        }
    }

    static List<Golden> recorded() throws IOException {
        try (var in = Objects.requireNonNull(GoldenFilesTest.class.getResourceAsStream("golden-files.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Golden::parse)
                    .toList();
        }
    }

    static Stream<SyntheticModel> models() {
        return SyntheticModel.ALL.stream();
    }

    @Test
    void everyPresetIsRecordedForEveryModelWithAndWithoutImatrix() throws IOException {
        List<Golden> synthetic = recorded().stream()
                .filter(g -> SyntheticModel.ALL.stream().anyMatch(m -> m.name().equals(g.model())))
                .toList();
        assertThat(synthetic).hasSize((2 * SyntheticModel.ALL.size() + 1) * Preset.values().length);
    }

    @Test
    void theDemoFromItsCheckpointHasTheTensorsOfLlamaQuantize() throws IOException {
        Path input = folder.resolve("in.gguf");
        Path checkpoint = Path.of(System.getProperty("kvant.root")).resolve("models/demo");
        Converter.convert(checkpoint, input, OutType.AUTO, ProgressListener.NONE);
        List<Golden> demo =
                recorded().stream().filter(g -> g.model().equals("demo.gguf")).toList();
        assertThat(demo).hasSameSizeAs(Preset.values());
        for (Golden golden : demo) {
            if (golden.size().equals("refused")) { // as in the other test
                assertThat(golden.preset().name()).matches("I?Q[12]_.*|IQ3_X.*");
                continue;
            }
            Path output = folder.resolve("out.gguf");
            Quantizer.run(QuantizeOptions.of(input, output, golden.preset()), ProgressListener.NONE);
            assertThat(Digests.ofTensors(output)).as(golden.toString()).isEqualTo(golden.tensors());
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void theFilesAreThoseOfLlamaQuantize(SyntheticModel model) throws IOException {
        Path input = model.write(folder.resolve("in.gguf"));
        Path legacy = model.writeLegacyImatrix(folder.resolve("legacy"), 5);
        Path gguf = model.writeImatrix(folder.resolve("gguf"));
        Path output = folder.resolve("out.gguf");
        for (Golden golden : recorded()) {
            if (!golden.model().equals(model.name())) {
                continue;
            }
            Path imatrix = switch (golden.imatrix()) {
                case "legacy" -> legacy;
                case "gguf" -> gguf;
                default -> null;
            };
            QuantizeOptions options = QuantizeOptions.builder(input, output, golden.preset())
                    .imatrix(imatrix)
                    .threads(3)
                    .build();
            if (golden.size().equals("refused")) {
                assertThatThrownBy(() -> Quantizer.run(options, ProgressListener.NONE))
                        .as(golden.toString())
                        .isInstanceOf(QuantizeException.class)
                        .hasMessageContaining(golden.preset() == Preset.Q1_0 ? "--tensor-type" : "--imatrix");
                continue;
            }
            QuantizeResult result = Quantizer.run(options, ProgressListener.NONE);
            assertThat(Digests.ofTensors(output)).as(golden.toString()).isEqualTo(golden.tensors());
            if (imatrix == null) { // else the file holds the path of the matrix
                assertThat(result.outputBytes()).as(golden.toString()).isEqualTo(Long.parseLong(golden.size()));
                assertThat(Digests.ofFile(output)).as(golden.toString()).isEqualTo(golden.file());
            }
            Files.delete(output);
        }
    }
}
