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
    private int gateTensorsSeen;
    private int upTensorsSeen;

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
        if (preset == Preset.MXFP4_MOE) {
            return mxfp4(tensor, category);
        }
        if (category == TensorCategory.TOKEN_EMBEDDING) {
            return embeddings();
        }
        if (preset.veryLow()) {
            return veryLow(category);
        }
        if (category.holdsValues()) {
            return values();
        }
        return switch (category) {
            case ATTENTION_K -> model.experts() == 8 ? GgmlType.Q8_0 : queriesAndKeys();
            case ATTENTION_Q -> queriesAndKeys();
            case ATTENTION_OUTPUT -> attentionOutput();
            case FFN_DOWN -> down(tensor);
            case FFN_GATE -> upOrGate(layer(tensor, gateTensorsSeen++));
            case FFN_UP -> upOrGate(layer(tensor, upTensorsSeen++));
            default -> preset.defaultType();
        };
    }

    /** Experts are told by their third dimension, where latent attention has none such. */
    private GgmlType mxfp4(TensorInfo tensor, TensorCategory category) {
        boolean experts = tensor.shape().length > 2 && tensor.shape()[2] > 1;
        if (model.architecture().equals("bailingmoe3")) {
            experts &= switch (category) {
                case FFN_UP, FFN_GATE, FFN_DOWN -> true;
                default -> false;
            };
        }
        return experts ? GgmlType.MXFP4 : GgmlType.Q8_0;
    }

    private GgmlType embeddings() {
        return switch (preset) {
            case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS -> GgmlType.Q2_K;
            case IQ2_S, IQ2_M, IQ3_XXS -> GgmlType.IQ3_S;
            case TQ1_0, TQ2_0, Q2_0 -> GgmlType.Q4_K;
            default -> preset.defaultType();
        };
    }

    private GgmlType veryLow(TensorCategory category) {
        GgmlType type = preset.defaultType();
        GgmlType more = preset == Preset.IQ2_S || preset == Preset.IQ2_M ? GgmlType.IQ3_S : GgmlType.Q2_K;
        if (category.holdsValues()) {
            return model.queriesPerKv() >= 4 || model.experts() >= 4 ? GgmlType.Q4_K : more;
        }
        return switch (category) {
            case ATTENTION_K -> model.experts() == 8 ? GgmlType.Q4_K : type;
            // Counted even where experts come in any order.
            case FFN_DOWN -> downTensorsSeen++ < model.layers() / 8 ? more : type;
            case ATTENTION_OUTPUT -> {
                if (model.experts() == 8) {
                    yield GgmlType.Q5_K;
                }
                yield switch (preset) {
                    case IQ1_S, IQ1_M -> GgmlType.IQ2_XXS;
                    case IQ2_S, IQ2_M -> GgmlType.IQ3_S;
                    default -> type;
                };
            }
            default -> type;
        };
    }

    private GgmlType queriesAndKeys() {
        return switch (preset) {
            case IQ3_XS -> GgmlType.IQ3_XXS;
            case IQ3_XXS -> GgmlType.IQ2_S;
            default -> preset.defaultType();
        };
    }

    private GgmlType upOrGate(int layer) {
        boolean middle = layer >= model.layers() / 8 && layer < 7 * model.layers() / 8;
        return preset == Preset.IQ3_XS && middle ? GgmlType.IQ3_XXS : preset.defaultType();
    }

    private GgmlType output(TensorInfo tensor) {
        if (outputType != null) {
            return outputType;
        }
        GgmlType type = preset.defaultType();
        if (preset == Preset.MXFP4_MOE || model.falcon() || tensor.columns() % type.blockSize() != 0) {
            return GgmlType.Q8_0;
        }
        if (preset.veryLow() || preset == Preset.IQ3_XXS) {
            return GgmlType.Q5_K;
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
            case IQ3_XXS -> shared ? GgmlType.Q4_K : imatrix ? GgmlType.IQ3_XXS : GgmlType.IQ3_S;
            case IQ3_XS, IQ3_S -> shared ? GgmlType.Q4_K : GgmlType.IQ3_S;
            case IQ3_M -> GgmlType.Q4_K;
            case IQ4_NL, IQ4_XS -> shared ? GgmlType.Q5_K : preset.defaultType();
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
                case Q2_K, Q3_K_S, Q3_K_M, IQ3_XXS, IQ3_XS, IQ3_S, IQ3_M, IQ4_NL, IQ4_XS, Q4_K_S, Q4_K_M ->
                    GgmlType.Q5_K;
                default -> type;
            };
        }
        return switch (preset) {
            case Q2_K -> GgmlType.Q3_K;
            case IQ3_XXS -> GgmlType.IQ3_S;
            case Q3_K_M, IQ3_M -> GgmlType.Q4_K;
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
            case IQ3_XXS -> imatrix ? type : firstEighth ? GgmlType.Q4_K : GgmlType.Q3_K;
            case IQ3_M -> firstEighth || (model.experts() == 8 && moreBits(layer, layers)) ? GgmlType.Q4_K : type;
            case IQ4_NL, IQ4_XS -> firstEighth && !imatrix ? GgmlType.Q5_K : type;
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
