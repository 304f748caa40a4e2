package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pieces of the converter against what the same pieces of llama.cpp's give. */
class UnitGoldenTest {
    @Test
    void namesAreTakenApartAlike() {
        SoftAssertions softly = new SoftAssertions();
        for (Json item : Fixtures.items(Fixtures.json("units/names.json"))) {
            String id = item.string("id").orElseThrow();
            long parameters = number(item, "parameters");
            ModelName name = ModelName.of(id, parameters);
            List<String> expected = item.items("parts").stream()
                    .map(part -> Optional.ofNullable(part.asString()).orElse("-"))
                    .toList();
            List<String> actual = new ArrayList<>();
            for (String part : Arrays.asList(
                    name.fullName(),
                    name.organization(),
                    name.basename(),
                    name.finetune(),
                    name.version(),
                    name.sizeLabel())) {
                actual.add(part == null ? "-" : part);
            }
            softly.assertThat(actual).as(id + " of " + parameters).isEqualTo(expected);
            softly.assertThat(ModelName.title(id))
                    .as(id)
                    .isEqualTo(item.string("title").orElseThrow());
        }
        softly.assertAll();
    }

    @Test
    void sizesAreLabelledAlike() {
        SoftAssertions softly = new SoftAssertions();
        for (Json item : Fixtures.items(Fixtures.json("units/sizes.json"))) {
            long parameters = number(item, "parameters");
            softly.assertThat(SizeLabel.of(parameters))
                    .as("%d", parameters)
                    .isEqualTo(item.string("label").orElseThrow());
        }
        softly.assertAll();
    }

    @Test
    void llama3FactorsHaveTheSameBits(@TempDir java.nio.file.Path folder) throws Exception {
        for (Json item : Fixtures.items(Fixtures.json("units/rope.json"))) {
            Map<String, String> rope = new LinkedHashMap<>();
            rope.put("\"rope_type\"", "\"llama3\"");
            rope.put("\"factor\"", text(item, "factor"));
            rope.put("\"low_freq_factor\"", text(item, "low"));
            rope.put("\"high_freq_factor\"", text(item, "high"));
            rope.put("\"original_max_position_embeddings\"", text(item, "context"));
            String config = "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"rope_theta\": "
                    + text(item, "base") + ", \"rope_scaling\": "
                    + rope.toString().replace('=', ':') + "}";
            java.nio.file.Files.writeString(folder.resolve("config.json"), config);
            RopeParameters parameters = new RopeParameters(ModelConfig.read(new CheckpointFiles(folder)));
            float[] factors =
                    parameters.llama3Factors((int) number(item, "head")).orElseThrow();
            int[] bits = new int[factors.length];
            Arrays.setAll(bits, i -> Float.floatToRawIntBits(factors[i]));
            int[] expected = item.items("bits").stream()
                    .mapToInt(b -> (int) ((Json.Num) b).exact())
                    .toArray();
            assertThat(bits)
                    .as("head %s base %s", text(item, "head"), text(item, "base"))
                    .isEqualTo(expected);
        }
    }

    private static long number(Json item, String key) {
        return ((Json.Num) item.get(key).orElseThrow()).exact();
    }

    private static String text(Json item, String key) {
        return JsonText.of(item.get(key).orElseThrow());
    }
}
