package org.kvant.convert;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The hyper-parameters of config.json: those of {@code text_config} laid over the top level, and for keys that are
 * absent the default values that the transformers library gives the model type (4.57.6, which the pinned converter
 * names as its requirement).
 */
final class ModelConfig {
    private final String file;
    private final String architecture;
    private final Map<String, Json> values;

    private ModelConfig(String file, String architecture, Map<String, Json> values) {
        this.file = file;
        this.architecture = architecture;
        this.values = values;
    }

    static ModelConfig read(CheckpointFiles files) throws ConvertException {
        Json json = files.requiredJson(
                "config.json", "a checkpoint folder holds config.json, tokenizer files and *.safetensors");
        String file = files.dir().resolve("config.json").toString();
        if (json.get("quantization_config").isPresent() || files.has("hf_quant_config.json")) {
            String method = json.get("quantization_config")
                    .flatMap(q -> q.string("quant_method"))
                    .orElse("an unnamed method");
            throw new ConvertException(file + ": the weights are already quantized (" + method
                    + "); convert the original checkpoint instead, then use kvant quantize");
        }
        Json text = json.get("text_config").orElse(json);
        String architecture = text.items("architectures").stream()
                .findFirst()
                .or(() -> json.items("architectures").stream().findFirst())
                .map(Json::asString)
                .orElseThrow(() -> new ConvertException(
                        file + ": architectures is missing, so the kind of model is unknown; add it to the file"));
        Map<String, Json> values = new LinkedHashMap<>(((Json.Obj) json).fields());
        values.putAll(json.fields("text_config"));
        String modelType =
                text.string("model_type").or(() -> json.string("model_type")).orElse("");
        ConfigDefaults.of(modelType).forEach(values::putIfAbsent);
        ModelConfig config = new ModelConfig(file, architecture, values);
        ConfigDefaults.derive(modelType, config, values);
        return config;
    }

    String architecture() {
        return architecture;
    }

    /** The first of the keys that is there, even if it is null; null when none is. */
    @Nullable
    Json find(String... keys) {
        for (String key : keys) {
            if (values.containsKey(key)) {
                return values.get(key);
            }
        }
        return null;
    }

    /** The object under the key, or an empty one. */
    Map<String, Json> object(String key) {
        return find(key) instanceof Json.Obj(var fields) ? fields : Map.of();
    }

    /** The first key present as a whole number; empty when absent or null. */
    OptionalLong integer(String... keys) throws ConvertException {
        Json value = find(keys);
        if (value == null || value == Json.Null.NULL) {
            return OptionalLong.empty();
        }
        if (value instanceof Json.Num(var number, var exact, var _) && number == exact && exact >= 0) {
            return OptionalLong.of(exact);
        }
        throw error(String.join(" or ", keys) + " is " + value + ", expected a whole number of at least 0");
    }

    /** As {@link #integer} for a number with a fraction. */
    OptionalDouble number(String... keys) throws ConvertException {
        Json value = find(keys);
        if (value == null || value == Json.Null.NULL) {
            return OptionalDouble.empty();
        }
        if (value instanceof Json.Num(var number, var _, var _)) {
            return OptionalDouble.of(number);
        }
        throw error(String.join(" or ", keys) + " is " + value + ", expected a number");
    }

    /** A size that must be there, within 1..2^31-1. */
    int size(String... keys) throws ConvertException {
        long value = integer(keys).orElseThrow(() -> error(String.join(" or ", keys) + " is missing; add it"));
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw error(keys[0] + " is " + value + ", outside 1.." + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    boolean flag(String key) {
        Json value = find(key);
        return value != null && value.isTrue();
    }

    ConvertException error(String problem) {
        return new ConvertException(file + ": " + problem);
    }
}
