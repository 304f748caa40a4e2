package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;

/** The weights of the demo model against the library's encoder. */
class RealTensorTest {

    private static final Pattern TENSOR = Pattern.compile(
            "\"([\\w.]+)\":\\{\"dtype\":\"BF16\",\"shape\":\\[(\\d+),(\\d+)],\"data_offsets\":\\[(\\d+),(\\d+)]}");

    private record Tensor(String name, int rows, int columns, float[] values) {}

    private static final List<Tensor> TENSORS = new ArrayList<>();

    @BeforeAll
    static void load() throws IOException {
        Backend.load();
        byte[] file = Files.readAllBytes(Path.of(System.getProperty("kvant.root"), "models/demo/model.safetensors"));
        ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(buffer.getLong(0));
        String json = new String(file, 8, header, StandardCharsets.UTF_8).replace(" ", "");
        Matcher matcher = TENSOR.matcher(json);
        while (matcher.find()) {
            int rows = Integer.parseInt(matcher.group(2));
            int columns = Integer.parseInt(matcher.group(3));
            float[] values = new float[rows * columns];
            MemorySegment bytes = MemorySegment.ofArray(file);
            Codecs.of(GgmlType.BF16)
                    .decode(bytes, 8L + header + Long.parseLong(matcher.group(4)), values, 0, values.length);
            TENSORS.add(new Tensor(matcher.group(1), rows, columns, values));
        }
    }

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(Codecs::canEncode);
    }

    @Test
    void readsTheMatricesOfTheModel() {
        assertThat(TENSORS)
                .extracting(Tensor::name)
                .contains("model.embed_tokens.weight")
                .hasSizeGreaterThan(7);
    }

    @ParameterizedTest
    @MethodSource("types")
    void equalsTheLibraryOnTheModelsWeights(GgmlType type) {
        for (Tensor tensor : TENSORS) {
            if (tensor.columns % type.blockSize() != 0) {
                continue;
            }
            int rows = Math.min(tensor.rows, 24);
            float[] x = Arrays.copyOf(tensor.values, rows * tensor.columns);
            float[] importance = Importance.WIDE.values(Seed.random(tensor.name), tensor.columns);
            for (float[] weights : GgmlQuant.requiresImportance(type)
                    ? new float[][] {importance}
                    : new float[][] {null, importance}) {
                byte[] expected = GgmlQuant.quantizeChunk(type, x, rows, tensor.columns, weights);
                for (Codec codec : new Codec[] {Codecs.scalar(type), Codecs.vector(type)}) {
                    byte[] bytes = new byte[expected.length];
                    codec.encode(x, 0, MemorySegment.ofArray(bytes), 0, rows, tensor.columns, weights);
                    assertThat(bytes).as("%s as %s", tensor.name, type).isEqualTo(expected);
                }
            }
        }
    }
}
