package org.kvant.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/** What a model is made of: its layers and their matrices. Immutable. */
public final class Network {
    private final HyperParameters parameters;
    private final List<LayerPlan> plans;
    private final Linear head;
    private final int vocabulary;
    private final @Nullable String headBias;
    private final Map<String, TensorInfo> tensors;

    private Network(
            HyperParameters parameters,
            List<LayerPlan> plans,
            Linear head,
            @Nullable String headBias,
            Map<String, TensorInfo> tensors) {
        this.parameters = parameters;
        this.plans = List.copyOf(plans);
        this.head = head;
        this.vocabulary = head.rows();
        this.headBias = headBias;
        this.tensors = tensors;
    }

    /**
     * Reads a model's structure.
     *
     * @throws NetworkException if the architecture or something in the model is not supported, or a tensor is missing, has a
     *     wrong shape or is not known
     */
    public static Network of(Metadata metadata, Collection<TensorInfo> tensors) {
        HyperParameters parameters = HyperParameters.of(metadata);
        TensorNames names = new TensorNames(
                tensors.stream().collect(Collectors.toMap(TensorInfo::name, Function.identity(), (a, b) -> a)),
                parameters);
        List<LayerPlan> plans = new ArrayList<>();
        for (int i = 0; i < parameters.layers(); i++) {
            plans.add(names.layer(i));
        }
        Linear head = names.head();
        @Nullable String headBias = names.headBias(head.rows());
        names.checkNoneLeft();
        return new Network(parameters, plans, head, headBias, names.tensors());
    }

    /** The value of {@code general.architecture}. */
    public String architecture() {
        return parameters.architecture().label();
    }

    /** Number of layers. */
    public int layers() {
        return plans.size();
    }

    /** Length of a token's state. */
    public int width() {
        return parameters.width();
    }

    /** Number of tokens there are. */
    public int vocabulary() {
        return vocabulary;
    }

    /** The matrices of a layer, in the order in which they are used. */
    public List<Linear> linears(int layer) {
        return plan(layer).linears();
    }

    /** The matrix that makes logits; the embeddings' in a model that ties them. */
    public Linear head() {
        return head;
    }

    /** Whether the head is the embeddings' matrix. */
    public boolean tied() {
        return head.tensor().equals(TensorNames.EMBEDDING);
    }

    /** What embeddings are multiplied with before the first layer. */
    public float embeddingScale() {
        return parameters.embeddingScale();
    }

    LayerPlan plan(int layer) {
        if (layer < 0 || layer >= plans.size()) {
            throw new IllegalArgumentException("layer " + layer + " of " + plans.size());
        }
        return plans.get(layer);
    }

    HyperParameters parameters() {
        return parameters;
    }

    @Nullable
    String headBias() {
        return headBias;
    }

    /** Whether the model has such a tensor. */
    boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }
}
