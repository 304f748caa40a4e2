package org.kvant.quantize;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/**
 * Plans as llama-quantize does (llama-quant.cpp, {@code llama_tensor_get_type} and {@code tensor_type_fallback}).
 *
 * @param preset the mixture
 * @param pure give every tensor the preset's type
 * @param leaveOutput keep {@code output.weight} as it is
 * @param outputType for {@code output.weight}, and for tied embeddings
 * @param tokenEmbeddingType for the token embeddings
 * @param rules the first that fits a tensor's name decides; only if the preset's type is a quantized one
 * @param imatrix whether an importance matrix will be used
 */
public record PresetPlanner(
        Preset preset,
        boolean pure,
        boolean leaveOutput,
        @Nullable GgmlType outputType,
        @Nullable GgmlType tokenEmbeddingType,
        List<TensorTypeRule> rules,
        boolean imatrix)
        implements TypePlanner {

    public PresetPlanner {
        rules = List.copyOf(rules);
    }

    @Override
    public List<PlannedTensor> plan(Metadata metadata, List<TensorInfo> tensors) throws IOException {
        int valueTensors = 0;
        boolean tied = true;
        for (TensorInfo tensor : tensors) {
            TensorCategory category = TensorCategory.of(tensor.name());
            valueTensors += category.holdsValues() ? 1 : 0;
            tied &= category != TensorCategory.OUTPUT;
        }
        PresetRules mixture =
                new PresetRules(preset, ModelTraits.of(metadata), imatrix, tied, outputType, valueTensors);
        List<PlannedTensor> planned = new ArrayList<>(tensors.size());
        for (TensorInfo tensor : tensors) {
            planned.add(
                    preset != Preset.COPY && TensorFilter.quantizes(tensor, leaveOutput)
                            ? planned(tensor, mixture)
                            : PlannedTensor.kept(tensor));
        }
        return planned;
    }

    private PlannedTensor planned(TensorInfo tensor, PresetRules mixture) throws QuantizeException {
        TensorCategory category = TensorCategory.of(tensor.name());
        GgmlType asked = asked(tensor, category);
        GgmlType wanted;
        GgmlType type;
        if (asked != null || !preset.defaultType().quantized()) {
            wanted = asked != null ? asked : preset.defaultType();
            type = wanted;
        } else {
            GgmlType ruled = rule(tensor);
            wanted = ruled != null ? ruled : pure ? preset.defaultType() : mixture.next(tensor, category);
            type = fallback(tensor, wanted);
        }
        if (tensor.columns() % type.blockSize() != 0) {
            throw new QuantizeException("tensor " + tensor.name() + ": its rows of " + tensor.columns()
                    + " values do not divide into " + type.label() + " blocks of " + type.blockSize()
                    + "; choose a type with smaller blocks for it, such as q8_0 or f16");
        }
        return new PlannedTensor(tensor, type, wanted, needsImatrix(type, category));
    }

    /** As llama-quantize sees it; but where ggml would end the process, for the embeddings and the output as well. */
    private boolean needsImatrix(GgmlType type, TensorCategory category) {
        if (Codecs.canEncode(type) && Codecs.of(type).requiresImportance()) {
            return true;
        }
        if (category == TensorCategory.OUTPUT || category == TensorCategory.TOKEN_EMBEDDING) {
            return false;
        }
        return switch (type) {
            case IQ1_M, IQ2_S, IQ3_XXS -> true;
            case Q2_K -> preset == Preset.Q2_K_S;
            default -> false;
        };
    }

    /** The type that an option names for the embeddings or the output: it is taken as it is or refused, never replaced. */
    private @Nullable GgmlType asked(TensorInfo tensor, TensorCategory category) {
        if (category == TensorCategory.TOKEN_EMBEDDING) {
            // The table of per-layer embeddings follows the others, unless a rule names it.
            boolean perLayer = tensor.name().equals("per_layer_token_embd.weight");
            return perLayer && rule(tensor) != null ? null : tokenEmbeddingType;
        }
        return category == TensorCategory.OUTPUT ? outputType : null;
    }

    private @Nullable GgmlType rule(TensorInfo tensor) {
        for (TensorTypeRule rule : rules) {
            if (rule.fits(tensor.name())) {
                return rule.type();
            }
        }
        return null;
    }

    /** A type with smaller blocks where rows are no multiple of 256, and F16 where they are none of 32. */
    private static GgmlType fallback(TensorInfo tensor, GgmlType wanted) throws QuantizeException {
        if (tensor.columns() % wanted.blockSize() == 0) {
            return wanted;
        }
        GgmlType smaller = switch (wanted) {
            case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_XS -> GgmlType.IQ4_NL;
            case Q2_0, Q2_K, Q3_K, TQ1_0, TQ2_0 -> GgmlType.Q4_0;
            case Q4_K -> GgmlType.Q5_0;
            case Q5_K -> GgmlType.Q5_1;
            case Q6_K -> GgmlType.Q8_0;
            default -> {
                if (wanted.blockSize() > 32) {
                    throw new QuantizeException("tensor " + tensor.name() + ": its rows of "
                            + tensor.columns() + " values do not divide into " + wanted.label()
                            + " blocks of " + wanted.blockSize()
                            + ", and no type stands in for it; choose another with --tensor-type");
                }
                yield wanted;
            }
        };
        return tensor.columns() % smaller.blockSize() == 0 ? smaller : GgmlType.F16;
    }
}
