package org.kvant.allocate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * Tensors of one role in one stretch of depth, whose divergence is measured together.
 *
 * @param role which part of a layer, or the ends of the network
 * @param depth from 0 at the first layer to 1 after the last: the middle of the stretch
 * @param tensors at least one
 */
record ProbeGroup(Role role, double depth, List<TensorLosses> tensors) {
    /** Stretches that layers are divided into. */
    static final int STRETCHES = 3;

    /** Enough to rise above what rounding the activations does, and in the range in which divergences add up. */
    private static final double AIM = 0.02;

    private static final Pattern LAYER = Pattern.compile("^blk\\.(\\d+)\\.");

    /** Parts of a network that errors reach in different ways. */
    enum Role {
        ATTENTION,
        GATE_AND_UP,
        DOWN,
        ENDS;

        static Role of(String tensor) {
            if (!tensor.startsWith("blk.")) {
                return ENDS;
            }
            if (tensor.contains("ffn_down")) {
                return DOWN;
            }
            return tensor.contains("ffn_") ? GATE_AND_UP : ATTENTION;
        }
    }

    ProbeGroup {
        tensors = List.copyOf(tensors);
    }

    String name() {
        return role.name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + (role == Role.ENDS ? "" : String.format(Locale.ROOT, " at depth %.2f", depth));
    }

    /** All groups that can be measured: tensors that nothing is known of are in none. */
    static List<ProbeGroup> of(List<TensorLosses> losses) {
        int layers = layers(losses);
        Map<String, List<TensorLosses>> members = new LinkedHashMap<>();
        for (TensorLosses tensor : losses) {
            if (tensor.known()) {
                String name = tensor.tensor().name();
                int stretch = (int) (STRETCHES * depth(name, layers));
                members.computeIfAbsent(Role.of(name).ordinal() + " " + stretch, key -> new ArrayList<>())
                        .add(tensor);
            }
        }
        List<ProbeGroup> groups = new ArrayList<>();
        for (List<TensorLosses> tensors : members.values()) {
            double depth = tensors.stream()
                    .mapToDouble(t -> depth(t.tensor().name(), layers))
                    .average()
                    .orElseThrow();
            groups.add(new ProbeGroup(Role.of(tensors.getFirst().tensor().name()), depth, tensors));
        }
        return groups;
    }

    static int layers(List<TensorLosses> losses) {
        return 1 + losses.stream().mapToInt(t -> layer(t.tensor().name())).max().orElse(0);
    }

    /** The middle of a tensor's layer as a fraction of all; 0 for tensors outside of layers. */
    static double depth(String tensor, int layers) {
        int layer = layer(tensor);
        return layer < 0 ? 0 : (layer + 0.5) / layers;
    }

    private static int layer(String tensor) {
        Matcher matcher = LAYER.matcher(tensor);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    /** What is predicted if every tensor has the type; NaN if one can't have it. */
    double predicted(GgmlType type) {
        double sum = 0;
        for (TensorLosses tensor : tensors) {
            Double loss = tensor.losses().get(type);
            sum += loss == null ? Double.NaN : loss;
        }
        return sum;
    }

    /** The type to measure with; null if the tensors have none in common that costs anything. */
    @Nullable
    GgmlType type() {
        @Nullable GgmlType best = null;
        double distance = Double.POSITIVE_INFINITY;
        for (GgmlType type : tensors.getFirst().losses().keySet()) {
            double predicted = predicted(type);
            double off = Math.abs(Math.log(predicted / AIM));
            if (predicted > 0 && off < distance) {
                best = type;
                distance = off;
            }
        }
        return best;
    }
}
