package org.kvant.convert;

import java.util.Map;

/**
 * Values that config.json may leave out because the transformers library has a default for them: its configuration
 * classes LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config and Gemma3TextConfig, as of 4.57.6.
 */
final class ConfigDefaults {
    private static final Map<String, Map<String, Json>> BY_TYPE = Map.of(
            "llama",
            Map.ofEntries(
                    integer("vocab_size", 32000),
                    integer("max_position_embeddings", 2048),
                    integer("hidden_size", 4096),
                    integer("intermediate_size", 11008),
                    integer("num_hidden_layers", 32),
                    integer("num_attention_heads", 32),
                    number("rms_norm_eps", 1e-6),
                    number("rope_theta", 10000)),
            "mistral",
            Map.ofEntries(
                    integer("vocab_size", 32000),
                    integer("max_position_embeddings", 131072),
                    integer("hidden_size", 4096),
                    integer("intermediate_size", 14336),
                    integer("num_hidden_layers", 32),
                    integer("num_attention_heads", 32),
                    integer("num_key_value_heads", 8),
                    number("rms_norm_eps", 1e-6),
                    number("rope_theta", 10000)),
            "qwen2",
            Map.ofEntries(
                    integer("vocab_size", 151936),
                    integer("max_position_embeddings", 32768),
                    integer("hidden_size", 4096),
                    integer("intermediate_size", 22016),
                    integer("num_hidden_layers", 32),
                    integer("num_attention_heads", 32),
                    integer("num_key_value_heads", 32),
                    number("rms_norm_eps", 1e-6),
                    number("rope_theta", 10000)),
            "qwen3",
            Map.ofEntries(
                    integer("vocab_size", 151936),
                    integer("max_position_embeddings", 32768),
                    integer("hidden_size", 4096),
                    integer("intermediate_size", 22016),
                    integer("num_hidden_layers", 32),
                    integer("num_attention_heads", 32),
                    integer("num_key_value_heads", 32),
                    integer("head_dim", 128),
                    number("rms_norm_eps", 1e-6),
                    number("rope_theta", 10000)),
            "gemma3_text",
            Map.ofEntries(
                    integer("vocab_size", 262208),
                    integer("max_position_embeddings", 131072),
                    integer("hidden_size", 2304),
                    integer("intermediate_size", 9216),
                    integer("num_hidden_layers", 26),
                    integer("num_attention_heads", 8),
                    integer("num_key_value_heads", 4),
                    integer("head_dim", 256),
                    integer("sliding_window", 4096),
                    number("rms_norm_eps", 1e-6),
                    number("rope_theta", 1e6),
                    number("rope_local_base_freq", 10000),
                    Map.entry("tie_word_embeddings", new Json.Bool(true))));

    private ConfigDefaults() {}

    static Map<String, Json> of(String modelType) {
        return BY_TYPE.getOrDefault(modelType.equals("gemma3") ? "gemma3_text" : modelType, Map.of());
    }

    /** Defaults that depend on other values. */
    static void derive(String modelType, ModelConfig config, Map<String, Json> values) throws ConvertException {
        boolean headsByDefault = switch (modelType) {
            case "llama", "mistral", "qwen2", "qwen3" -> true;
            default -> false;
        };
        if (headsByDefault && config.integer("num_key_value_heads").isEmpty()) {
            values.put(
                    "num_key_value_heads",
                    integer("", config.size("num_attention_heads")).getValue());
        }
        if (modelType.equals("llama") && config.integer("head_dim").isEmpty()) {
            int heads = config.size("num_attention_heads");
            values.put(
                    "head_dim", integer("", config.size("hidden_size") / heads).getValue());
        }
    }

    private static Map.Entry<String, Json> integer(String key, long value) {
        return Map.entry(key, new Json.Num(value, value, true));
    }

    private static Map.Entry<String, Json> number(String key, double value) {
        return Map.entry(key, new Json.Num(value, (long) value, false));
    }
}
