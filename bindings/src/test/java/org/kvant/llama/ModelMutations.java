package org.kvant.llama;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.TensorSpec;
import org.kvant.gguf.ValueType;

/**
 * Valid GGUF files that are wrong as models, each in one way: every key missing, of another type, too small, too large;
 * every tensor missing, of every other type, of another shape.
 */
final class ModelMutations {
    /** One wrong model. */
    record Mutation(String name, TinyModel model) {}

    private ModelMutations() {}

    /** A sound model of this architecture. */
    static TinyModel model(String architecture) {
        return switch (architecture) {
            case "llama" -> TinyModel.llama();
            case "qwen2" -> TinyModel.qwen2();
            case "qwen3" -> TinyModel.qwen3();
            case "gemma3" -> TinyModel.gemma3();
            default -> throw new IllegalArgumentException(architecture);
        };
    }

    /** All mutations of one architecture's model, in a fixed order. */
    static List<Supplier<Mutation>> of(Supplier<TinyModel> original) {
        List<Supplier<Mutation>> all = new ArrayList<>();
        TinyModel sample = original.get();
        sample.metadata().asMap().forEach((key, value) -> {
            all.add(() -> new Mutation(key + " removed", original.get().metadata(m -> m.remove(key))));
            for (MetaValue other : others(value)) {
                all.add(() -> new Mutation(
                        key + " = " + shorten(other), original.get().metadata(m -> m.put(key, other))));
            }
        });
        addUnusualKeys(sample.architecture(), original, all);
        for (TensorSpec spec : sample.tensors()) {
            addTensor(spec, original, all);
        }
        return all;
    }

    private static String shorten(MetaValue value) {
        String text = value.toString();
        return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }

    /** Keys that the model does not have but llama.cpp reads. */
    private static void addUnusualKeys(String arch, Supplier<TinyModel> original, List<Supplier<Mutation>> all) {
        List<String> integers = List.of(
                "expert_count",
                "expert_used_count",
                "expert_group_count",
                "expert_group_used_count",
                "nextn_predict_layers",
                "rope.dimension_count",
                "rope.scaling.original_context_length",
                "vocab_size",
                "attention.key_length",
                "attention.value_length",
                "attention.key_length_mla",
                "attention.value_length_mla",
                "attention.sliding_window",
                "attention.sliding_window_pattern",
                "pooling_type",
                "embedding_length_out",
                "leading_dense_block_count",
                "expert_feed_forward_length",
                "full_attention_interval",
                "attention.key_length_swa",
                "rope.dimension_count_swa");
        for (String key : integers) {
            for (long value : new long[] {0, 1, 2, 3, 31, 33, 64, 1000, 0x7FFF_FFFFL, 0xFFFF_FFFFL}) {
                put(arch + "." + key, new MetaValue.U32(value), original, all);
            }
            put(arch + "." + key, MetaArray.ofI32s(2, 1), original, all);
        }
        for (String key : List.of(
                "rope.scaling.factor",
                "rope.scaling.attn_factor",
                "rope.scaling.yarn_log_multiplier",
                "attention.scale",
                "final_logit_softcapping",
                "attn_logit_softcapping",
                "rope.freq_base_swa",
                "logit_scale",
                "attention.max_alibi_bias",
                "attention.clamp_kqv",
                "residual_scale",
                "embedding_scale")) {
            for (float value : new float[] {0f, -1f, 1e-30f, 1e30f, Float.NaN, Float.POSITIVE_INFINITY}) {
                put(arch + "." + key, new MetaValue.F32(value), original, all);
            }
        }
        for (String type : List.of("none", "linear", "yarn", "longrope", "", "unknown")) {
            put(arch + ".rope.scaling.type", MetaValue.Str.of(type), original, all);
        }
        for (boolean value : new boolean[] {true, false}) {
            put(arch + ".attention.causal", new MetaValue.Bool(value), original, all);
            put(arch + ".use_parallel_residual", new MetaValue.Bool(value), original, all);
            put("tokenizer.ggml.add_eos_token", new MetaValue.Bool(value), original, all);
            put("tokenizer.ggml.add_sep_token", new MetaValue.Bool(value), original, all);
            put("tokenizer.ggml.remove_extra_whitespaces", new MetaValue.Bool(value), original, all);
        }
        put(
                "tokenizer.ggml.precompiled_charsmap",
                MetaArray.of(ValueType.I8, List.of(new MetaValue.I8((byte) 1))),
                original,
                all);
        for (String tokenizer :
                List.of("no_vocab", "none", "llama", "gpt2", "bert", "t5", "rwkv", "plamo2", "gemma4", "test")) {
            put("tokenizer.ggml.model", MetaValue.Str.of(tokenizer), original, all);
        }
        for (String name :
                List.of("eot", "eom", "unknown", "seperator", "mask", "fim_pre", "prefix", "suffix", "middle")) {
            for (long id : new long[] {0, 300, 0x7FFF_FFFFL, 0xFFFF_FFFFL}) {
                put("tokenizer.ggml." + name + "_token_id", new MetaValue.U32(id), original, all);
            }
        }
    }

    private static void put(String key, MetaValue value, Supplier<TinyModel> original, List<Supplier<Mutation>> all) {
        all.add(() -> new Mutation(key + " := " + shorten(value), original.get().metadata(m -> m.put(key, value))));
    }

    private static List<MetaValue> others(MetaValue value) {
        List<MetaValue> others = new ArrayList<>();
        switch (value) {
            case MetaValue.U32 v -> {
                for (long n : new long[] {
                    0,
                    1,
                    3,
                    7,
                    v.value() + 1,
                    v.value() * 2,
                    v.value() / 2,
                    513,
                    0x7FFF_FFFFL,
                    0x8000_0000L,
                    0xFFFF_FFFFL
                }) {
                    others.add(new MetaValue.U32(n));
                }
                others.add(new MetaValue.I32(-1));
                others.add(new MetaValue.F32(1.5f));
                others.add(new MetaValue.U64(1L << 40));
                others.add(MetaArray.ofI32s(2, 1));
                others.add(MetaArray.ofU32s(1, 0));
                others.add(MetaArray.ofI32s());
            }
            case MetaValue.F32 v -> {
                for (float f : new float[] {0f, -1f, 1e30f, 1e-30f, Float.NaN, Float.POSITIVE_INFINITY}) {
                    others.add(new MetaValue.F32(f));
                }
                others.add(new MetaValue.F64(v.value()));
                others.add(new MetaValue.U32(1));
            }
            case MetaValue.Str s -> {
                others.add(MetaValue.Str.of(""));
                others.add(MetaValue.Str.of("nonsense"));
                others.add(MetaValue.Str.of("a\0b"));
                others.add(MetaValue.Str.ofBytes(new byte[] {(byte) 0xFF, (byte) 0xC0}));
                others.add(MetaValue.Str.of("x".repeat(100_000)));
            }
            case MetaValue.Bool b -> others.add(new MetaValue.Bool(!b.value()));
            case MetaArray a -> addArrays(a, others);
            default -> {
                // no other type occurs
            }
        }
        others.add(MetaValue.Str.of("12"));
        others.add(new MetaValue.U8(1));
        return others;
    }

    private static void addArrays(MetaArray array, List<MetaValue> others) {
        List<MetaValue> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            values.add(array.get(i));
        }
        ValueType type = array.elementType();
        others.add(MetaArray.of(type, List.of()));
        others.add(MetaArray.of(type, values.subList(0, values.size() - 1)));
        others.add(MetaArray.of(type, values.subList(0, 1)));
        List<MetaValue> longer = new ArrayList<>(values);
        longer.add(values.getFirst());
        others.add(MetaArray.of(type, longer));
        MetaValue[] same = new MetaValue[values.size()];
        Arrays.fill(same, values.get(values.size() / 2));
        others.add(MetaArray.of(type, List.of(same)));
        switch (type) {
            case STRING -> {
                for (byte[] text : List.of(
                        new byte[0],
                        new byte[] {0},
                        new byte[] {'a', 0, 'b'},
                        new byte[] {(byte) 0xE2, (byte) 0x82},
                        "x y z".getBytes(StandardCharsets.UTF_8),
                        " ".getBytes(StandardCharsets.UTF_8),
                        "[EMPTY_5]".getBytes(StandardCharsets.UTF_8),
                        new byte[70_000])) {
                    for (int at : new int[] {0, 10, values.size() - 1}) {
                        List<MetaValue> changed = new ArrayList<>(values);
                        changed.set(at % changed.size(), MetaValue.Str.ofBytes(text));
                        others.add(MetaArray.of(type, changed));
                    }
                }
                List<MetaValue> reversed = new ArrayList<>(values).reversed();
                others.add(MetaArray.of(type, reversed));
                others.add(MetaArray.ofI32s(1, 2, 3));
            }
            case I32 -> {
                int[] wild = new int[values.size()];
                Arrays.setAll(wild, i -> i * 0x9E37_79B9);
                others.add(MetaArray.ofI32s(wild));
                for (int kind = 0; kind <= 7; kind++) {
                    int[] all = new int[values.size()];
                    Arrays.fill(all, kind);
                    others.add(MetaArray.ofI32s(all));
                }
                others.add(MetaArray.ofU32s(new int[values.size()]));
                others.add(MetaArray.ofF32s(new float[values.size()]));
            }
            case F32 -> {
                float[] nan = new float[values.size()];
                Arrays.fill(nan, Float.NaN);
                others.add(MetaArray.ofF32s(nan));
                others.add(MetaArray.ofI32s(new int[values.size()]));
                others.add(MetaArray.of(ValueType.F64, List.of(new MetaValue.F64(1))));
            }
            default -> {
                // no other type occurs
            }
        }
    }

    private static void addTensor(TensorSpec spec, Supplier<TinyModel> original, List<Supplier<Mutation>> all) {
        String name = spec.name();
        all.add(() -> new Mutation(name + " removed", original.get().withoutTensor(name)));
        for (GgmlType type : GgmlType.values()) {
            if (type != spec.type() && spec.shape()[0] % type.blockSize() == 0) {
                all.add(() -> new Mutation(name + " as " + type, original.get().tensor(name, type, spec.shape())));
            }
        }
        long[] s = spec.shape();
        List<long[]> shapes = new ArrayList<>();
        shapes.add(new long[] {1});
        shapes.add(new long[] {s[0] * 2});
        if (s.length == 1) {
            shapes.add(new long[] {s[0], 2});
            shapes.add(new long[] {s[0], 1, 1, 2});
        } else {
            shapes.add(new long[] {s[1], s[0]});
            shapes.add(new long[] {s[0], s[1] + 1});
            shapes.add(new long[] {s[0], s[1] - 1});
            shapes.add(new long[] {s[0], 1});
            shapes.add(new long[] {s[0], s[1], 2});
            shapes.add(new long[] {s[0], s[1], 1, 3});
        }
        for (long[] shape : shapes) {
            all.add(() -> new Mutation(
                    name + " of shape " + Arrays.toString(shape), original.get().tensor(name, spec.type(), shape)));
        }
    }
}
