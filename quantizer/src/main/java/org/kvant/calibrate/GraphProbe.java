package org.kvant.calibrate;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.llama.eval.EvalCallback;
import org.kvant.llama.eval.EvalNode;

/** Looks at one graph to learn which linear layers there are and which share an input. */
final class GraphProbe implements EvalCallback {
    private final String head;
    private final boolean separate;
    private final Map<String, Seen> seen = new LinkedHashMap<>();
    private final Collection<String> known = new TreeSet<>();

    private record Seen(LinearNode first, int columns, List<String> weights) {}

    /**
     * @param head name of the matrix that makes logits of the last hidden state
     * @param separate whether to keep layers apart although they share an input
     */
    GraphProbe(String head, boolean separate) {
        this.head = head;
        this.separate = separate;
    }

    @Override
    public boolean wants(EvalNode node) {
        LinearNode linear = LinearNode.of(node).orElse(null);
        if (linear == null) {
            return false;
        }
        boolean last = linear.kind() == Kind.HEAD;
        String weight = last ? head : linear.weight();
        if (known.add(weight)) {
            String key = linear.kind() + "/" + linear.input().identity() + "/" + linear.matrices()
                    + (separate ? "/" + weight : "");
            seen.computeIfAbsent(
                            key,
                            k -> new Seen(linear, Math.toIntExact(linear.input().dimension(0)), new ArrayList<>()))
                    .weights()
                    .add(weight);
        }
        return last;
    }

    /** After the last hidden state there is nothing to learn. */
    @Override
    public boolean computed(EvalNode node) {
        return false;
    }

    /** In the order of computing. */
    List<LinearInput> inputs() {
        return seen.values().stream()
                .map(s -> new LinearInput(
                        s.weights().getFirst(),
                        s.weights(),
                        s.columns(),
                        s.first().matrices(),
                        s.first().kind()))
                .toList();
    }
}
