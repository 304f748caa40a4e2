package org.kvant.quantize;

import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/**
 * The mixtures behind the presets: which tensors get another type than the preset's, decided tensor by tensor in file
 * order (llama-quant.cpp, {@code llama_tensor_get_type_impl}). An instance counts the tensors of each kind it has seen,
 * so it serves one model once.
 */
final class PresetRules {
    private final Preset preset;
    private final ModelTraits model;
    private final boolean imatrix;
    private final boolean tiedEmbeddings;
    private final @Nullable GgmlType outputType;
    private final int valueTensors;
    private int valueTensorsSeen;
    private int downTensorsSeen;

    /**
     * @param imatrix whether any importance is known, for whichever tensor
     * @param tiedEmbeddings whether the model has no {@code output.weight}
     * @param outputType the user's type for the output, which the embeddings take when they are tied
     * @param valueTensors number of tensors that {@linkplain TensorCategory#holdsValues hold values}
     */
    PresetRules(
            Preset preset,
            ModelTraits model,
            boolean imatrix,
            boolean tiedEmbeddings,
            @Nullable GgmlType outputType,
            int valueTensors) {
        this.preset = preset;
        this.model = model;
        this.imatrix = imatrix;
        this.tiedEmbeddings = tiedEmbeddings;
        this.outputType = outputType;
        this.valueTensors = valueTensors;
    }

    /** The type for the next tensor; its row length may yet forbid it. */
    GgmlType next(TensorInfo tensor, TensorCategory category) throws QuantizeException {
        if (category == TensorCategory.OUTPUT || (tiedEmbeddings && category == TensorCategory.TOKEN_EMBEDDING)) {
            return output(tensor);
        }
        if (category.holdsValues()) {
            return values();
        }
        return switch (category) {
            case ATTENTION_K -> model.experts() == 8 ? GgmlType.Q8_0 : preset.defaultType();
            case ATTENTION_OUTPUT -> attentionOutput();
            case FFN_DOWN -> down(tensor);
            case FFN_GATE, FFN_UP -> {
                layer(tensor, 0);
                yield preset.defaultType();
            }
            default -> preset.defaultType();
        };
    }

    private GgmlType output(TensorInfo tensor) {
        if (outputType != null) {
            return outputType;
        }
        GgmlType type = preset.defaultType();
        if (model.falcon() || tensor.columns() % type.blockSize() != 0) {
            return GgmlType.Q8_0;
        }
        return type == GgmlType.Q8_0 ? type : GgmlType.Q6_K;
    }

    private GgmlType values() {
        boolean shared = model.queriesPerKv() >= 4;
        int seen = valueTensorsSeen++;
        GgmlType type = switch (preset) {
            case Q2_K -> shared ? GgmlType.Q4_K : GgmlType.Q3_K;
            case Q2_K_S -> shared ? GgmlType.Q4_K : GgmlType.Q2_K;
            case Q3_K_M -> seen < 2 ? GgmlType.Q5_K : GgmlType.Q4_K;
            case Q3_K_L -> GgmlType.Q5_K;
            case IQ4_NL -> shared ? GgmlType.Q5_K : GgmlType.IQ4_NL;
            case Q4_K_M, Q5_K_M -> moreBits(seen, valueTensors) ? GgmlType.Q6_K : preset.defaultType();
            case Q4_K_S -> seen < 4 ? GgmlType.Q5_K : GgmlType.Q4_K;
            default -> preset.defaultType();
        };
        if (model.big70b() && (type == GgmlType.Q3_K || type == GgmlType.Q4_K)) {
            type = GgmlType.Q5_K; // eight heads share the tensor: it is small and worth the bits
        }
        return model.experts() == 8 ? GgmlType.Q8_0 : type;
    }

    private GgmlType attentionOutput() {
        GgmlType type = preset.defaultType();
        if (model.falcon()) {
            return preset == Preset.Q3_K_L ? GgmlType.Q4_K : type;
        }
        if (model.experts() == 8) {
            return switch (preset) {
                case Q2_K, Q3_K_S, Q3_K_M, IQ4_NL, Q4_K_S, Q4_K_M -> GgmlType.Q5_K;
                default -> type;
            };
        }
        return switch (preset) {
            case Q2_K -> GgmlType.Q3_K;
            case Q3_K_M -> GgmlType.Q4_K;
            case Q3_K_L -> GgmlType.Q5_K;
            default -> type;
        };
    }

    private GgmlType down(TensorInfo tensor) throws QuantizeException {
        int layer = layer(tensor, downTensorsSeen++);
        int layers = model.layers();
        boolean firstEighth = layer < layers / 8;
        GgmlType type = preset.defaultType();
        return switch (preset) {
            case Q2_K -> GgmlType.Q3_K;
            case Q2_K_S -> firstEighth ? GgmlType.Q4_K : type;
            case Q3_K_M ->
                layer < layers / 16
                        ? GgmlType.Q5_K
                        : !model.falcon() || moreBits(layer, layers) ? GgmlType.Q4_K : GgmlType.Q3_K;
            case Q3_K_L -> model.falcon() ? GgmlType.Q4_K : GgmlType.Q5_K;
            case Q4_K_M -> {
                if (model.falcon()) {
                    yield layer < layers / 16 ? GgmlType.Q6_K : moreBits(layer, layers) ? GgmlType.Q5_K : GgmlType.Q4_K;
                }
                yield moreBits(layer, layers) ? GgmlType.Q6_K : type;
            }
            case IQ4_NL -> firstEighth && !imatrix ? GgmlType.Q5_K : type;
            case Q5_K_M -> moreBits(layer, layers) ? GgmlType.Q6_K : type;
            case Q4_K_S -> firstEighth && !model.falcon() ? GgmlType.Q5_K : type;
            // With an imatrix the first layers can go astray in Q4_0 and Q5_0; without one they keep what they always
            // had.
            case Q4_0 -> firstEighth && imatrix ? GgmlType.Q4_1 : type;
            case Q5_0 -> firstEighth && imatrix ? GgmlType.Q5_1 : type;
            default -> type;
        };
    }

    /** The tensor's layer: counted in dense models, read from the name where experts may come in any order. */
    private int layer(TensorInfo tensor, int counted) throws QuantizeException {
        if (model.experts() <= 1) {
            return counted;
        }
        int layer = TensorOrder.layer(tensor.name());
        if (layer < 0 || layer >= model.layers()) {
            throw new QuantizeException("tensor " + tensor.name() + ": its name should begin with blk.0. to blk."
                    + (model.layers() - 1) + ". in this mixture of experts with " + model.layers()
                    + " blocks; the file's metadata and tensors disagree");
        }
        return layer;
    }

    /** The first and last eighth of the layers and every third between. */
    private static boolean moreBits(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }
}
