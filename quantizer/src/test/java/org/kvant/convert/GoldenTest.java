package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Vocab;

/** Converted checkpoints against what llama.cpp's converter made of them: see the README beside the digests. */
class GoldenTest {
    /** Keys that differ on purpose, by checkpoint; docs/reference/convert.md says why. */
    private static final Map<String, Set<String>> EXCEPTED = Map.of(
            "tinyllama", Set.of("tokenizer.ggml.scores"),
            "qwen2", Set.of(Vocab.NFC_KEY),
            "qwen3", Set.of(Vocab.NFC_KEY));

    @TempDir
    Path folder;

    static Stream<String> goldens() throws IOException {
        try (Stream<Path> files = Files.list(Fixtures.resource("golden"))) {
            return files.map(f -> f.getFileName().toString().replace(".json", "")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void equalsTheReference(String name) throws IOException {
        String checkpoint = name.substring(0, name.lastIndexOf('-'));
        Json golden = Fixtures.json("golden/" + name + ".json");
        OutType type = OutType.valueOf(golden.string("outtype").orElseThrow().toUpperCase(Locale.ROOT));
        Path file = folder.resolve("out.gguf");

        Converter.convert(Fixtures.checkpoint(checkpoint), file, type, ProgressListener.NONE);

        Set<String> excepted = EXCEPTED.getOrDefault(checkpoint, Set.of());
        try (GgufFile gguf = GgufFile.open(file)) {
            List<String> metadata = new ArrayList<>();
            gguf.metadata().asMap().forEach((key, value) -> {
                if (!excepted.contains(key)) {
                    metadata.add(key + " " + JsonText.of(json(value)));
                }
            });
            assertThat(metadata).isEqualTo(expectedMetadata(golden, excepted));
            assertThat(gguf.tensors().stream().map(t -> describe(gguf, t)).toList())
                    .isEqualTo(
                            golden.items("tensors").stream().map(JsonText::of).toList());
        }
        if (excepted.isEmpty()) {
            assertThat(sha256(Files.readAllBytes(file)))
                    .isEqualTo(golden.string("sha256").orElseThrow());
        }
    }

    private static List<MetaValue> values(MetaArray array) {
        List<MetaValue> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            values.add(array.get(i));
        }
        return values;
    }

    private static List<String> expectedMetadata(Json golden, Set<String> excepted) {
        List<String> expected = new ArrayList<>();
        for (Json pair : golden.items("metadata")) {
            String key = pair.string("key").orElseThrow();
            if (!excepted.contains(key)) {
                expected.add(key + " " + JsonText.of(pair.get("value").orElseThrow()));
            }
        }
        return expected;
    }

    private static String describe(GgufFile gguf, TensorInfo tensor) {
        List<Json> shape = new ArrayList<>();
        for (long n : tensor.shape()) {
            shape.add(whole(n));
        }
        Map<String, Json> fields = new LinkedHashMap<>();
        fields.put("name", new Json.Str(tensor.name()));
        fields.put("type", new Json.Str(tensor.type().label()));
        fields.put("shape", new Json.Arr(shape));
        fields.put("sha256", new Json.Str(sha256(gguf.data(tensor).toArray(ValueLayout.JAVA_BYTE))));
        return JsonText.of(new Json.Obj(fields));
    }

    /** As record_golden.py writes it: floats as their bits, arrays longer than 32 as a digest of their encoding. */
    private static Json json(MetaValue value) {
        return switch (value) {
            case MetaValue.Str text -> new Json.Str(text.value());
            case MetaValue.Bool(var flag) -> new Json.Bool(flag);
            case MetaValue.U32(var number) -> whole(number);
            case MetaValue.I32(var number) -> whole(number);
            case MetaValue.F32(var number) -> whole(Float.floatToRawIntBits(number) & 0xFFFF_FFFFL);
            case MetaArray array -> array(array);
            default -> throw new IllegalArgumentException("unexpected kind of metadata: " + value);
        };
    }

    private static Json array(MetaArray array) {
        Map<String, Json> fields = new LinkedHashMap<>();
        List<MetaValue> values = values(array);
        fields.put("type", new Json.Str(type(values.getFirst())));
        fields.put("count", whole(values.size()));
        if (values.size() > 32) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            values.forEach(v -> bytes.writeBytes(encode(v)));
            fields.put("sha256", new Json.Str(sha256(bytes.toByteArray())));
        } else {
            fields.put(
                    "values", new Json.Arr(values.stream().map(GoldenTest::json).toList()));
        }
        return new Json.Obj(fields);
    }

    private static String type(MetaValue value) {
        return switch (value) {
            case MetaValue.Str _ -> "str";
            case MetaValue.I32 _ -> "i32";
            case MetaValue.F32 _ -> "f32";
            default -> throw new IllegalArgumentException("unexpected kind of array item: " + value);
        };
    }

    private static byte[] encode(MetaValue value) {
        return switch (value) {
            case MetaValue.Str text -> {
                byte[] utf8 = text.value().getBytes(StandardCharsets.UTF_8);
                yield ByteBuffer.allocate(8 + utf8.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(utf8.length)
                        .put(utf8)
                        .array();
            }
            case MetaValue.I32(var number) ->
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(number)
                        .array();
            case MetaValue.F32(var number) ->
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putFloat(number)
                        .array();
            default -> throw new IllegalArgumentException("unexpected kind of array item: " + value);
        };
    }

    private static Json whole(long number) {
        return new Json.Num(number, number, true);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
