package org.kvant.convert;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rotary position embedding: base frequencies and how the context was stretched. Config files have it as
 * {@code rope_theta} + {@code rope_scaling}, or newer ones as {@code rope_parameters}, for Gemma 3 one for each kind of
 * attention.
 */
final class RopeParameters {
    private static final Logger LOG = LoggerFactory.getLogger(RopeParameters.class);

    private final ModelConfig config;
    private final Map<String, Json> all;
    /** Those of full attention. */
    private final Map<String, Json> full;

    RopeParameters(ModelConfig config) {
        this.config = config;
        Map<String, Json> given =
                config.find("rope_parameters", "rope_scaling") instanceof Json.Obj(var fields) ? fields : Map.of();
        all = new LinkedHashMap<>(given);
        if (!all.containsKey("full_attention") && !all.containsKey("sliding_attention")) {
            fill("rope_theta", config.find("global_rope_theta", "rope_theta"));
            fill("rope_type", all.get("type"));
            fill("original_max_position_embeddings", config.find("original_max_position_embeddings"));
            Json local = config.find("local_rope_theta", "rope_local_theta", "swa_rope_theta", "rope_local_base_freq");
            if (local != null && local != Json.Null.NULL) {
                all.put("sliding_attention", new Json.Obj(Map.of("rope_theta", local)));
            }
        }
        full = all.get("full_attention") instanceof Json.Obj(var fields) ? fields : all;
    }

    private void fill(String key, @Nullable Json value) {
        if (value != null && value != Json.Null.NULL) {
            all.putIfAbsent(key, value);
        }
    }

    /** Writes scaling and base frequencies under {@code <arch>.rope.}. */
    void write(MetadataFields out) throws ConvertException {
        String type = full.get("rope_type") instanceof Json.Str(var value) ? value : "default";
        switch (type.toLowerCase(Locale.ROOT)) {
            case "default" -> {}
            case "linear" -> {
                out.string(out.key("rope.scaling.type"), "linear");
                out.f32(out.key("rope.scaling.factor"), required("factor", type));
            }
            case "yarn" -> yarn(out, type);
            // The factors go into the tensor rope_freqs.weight, see llama3Factors.
            case "llama3" -> {}
            case "dynamic" ->
                LOG.warn("rope scaling \"dynamic\" has no counterpart in llama.cpp: the converted model"
                        + " is right up to its original context length only");
            default ->
                throw config.error("rope scaling type \"" + type
                        + "\" is not supported for this family; supported: default, linear, yarn, llama3, dynamic");
        }
        Optional<Double> theta = number(full, "rope_theta");
        if (theta.isPresent()) {
            out.f32(out.key("rope.freq_base"), theta.get());
        }
        Optional<Double> local = all.get("sliding_attention") instanceof Json.Obj(var fields)
                ? number(fields, "rope_theta")
                : Optional.empty();
        if (local.isPresent()) {
            out.f32(out.key("rope.freq_base_swa"), local.get());
        }
    }

    /** The base frequency of full attention, or {@code fallback}. */
    double theta(double fallback) throws ConvertException {
        return number(full, "rope_theta").orElse(fallback);
    }

    private void yarn(MetadataFields out, String type) throws ConvertException {
        out.string(out.key("rope.scaling.type"), "yarn");
        out.f32(out.key("rope.scaling.factor"), required("factor", type));
        out.u32(out.key("rope.scaling.original_context_length"), (long)
                required("original_max_position_embeddings", type));
        optional(out, "rope.scaling.yarn_ext_factor", "extrapolation_factor");
        optional(
                out,
                "rope.scaling.yarn_attn_factor",
                full.containsKey("attention_factor") ? "attention_factor" : "attn_factor");
        optional(out, "rope.scaling.yarn_beta_fast", "beta_fast");
        optional(out, "rope.scaling.yarn_beta_slow", "beta_slow");
    }

    private void optional(MetadataFields out, String key, String name) throws ConvertException {
        Optional<Double> value = number(full, name);
        if (value.isPresent()) {
            out.f32(out.key(key), value.get());
        }
    }

    /**
     * Llama 3.1's scaling as one divisor for each pair of rotated dimensions, dimension / 2 of them; empty for any other
     * scaling. Step by step in float as PyTorch computes it, which divides a number by a tensor as a product with the
     * reciprocal: the bits of the file depend on it.
     */
    Optional<float[]> llama3Factors(int dimension) throws ConvertException {
        if (!(full.get("rope_type") instanceof Json.Str(var type))
                || !type.toLowerCase(Locale.ROOT).equals("llama3")) {
            return Optional.empty();
        }
        double base = theta(10000);
        double factor = number(full, "factor").orElse(8.0);
        double low = number(full, "low_freq_factor").orElse(1.0);
        double high = number(full, "high_freq_factor").orElse(4.0);
        double context = number(full, "original_max_position_embeddings").orElse(8192.0);
        double longest = context / low;
        double shortest = context / high;
        float[] factors = new float[(dimension + 1) / 2];
        for (int i = 0; i < factors.length; i++) {
            float exponent = 2 * i / (float) dimension;
            float frequency = 1.0f / (float) Math.pow((float) base, exponent);
            float wavelength = (1 / frequency) * (float) (2 * Math.PI);
            if (wavelength < shortest) {
                factors[i] = 1;
            } else if (wavelength > longest) {
                factors[i] = (float) factor;
            } else {
                float smooth = ((1 / wavelength) * (float) context - (float) low) / (float) (high - low);
                factors[i] = 1 / ((1 - smooth) / (float) factor + smooth);
            }
        }
        return Optional.of(factors);
    }

    private double required(String key, String type) throws ConvertException {
        return number(full, key)
                .orElseThrow(() -> config.error("rope scaling \"" + type + "\" needs " + key + "; add it"));
    }

    private Optional<Double> number(Map<String, Json> from, String key) throws ConvertException {
        Json value = from.get(key);
        if (value == null || value == Json.Null.NULL) {
            return Optional.empty();
        }
        if (value instanceof Json.Num(var number, var _, var _)) {
            return Optional.of(number);
        }
        throw config.error("rope parameter " + key + " is " + value + ", expected a number");
    }
}
