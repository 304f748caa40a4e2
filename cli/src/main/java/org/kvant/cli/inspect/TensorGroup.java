package org.kvant.cli.inspect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/** Tensors that differ in their block's number only: same name apart from that, same type, same shape. */
final class TensorGroup {
    private static final Pattern BLOCK = Pattern.compile("^(blk\\.)(\\d{1,6})(\\..*)$");

    private record Key(String name, GgmlType type, List<Long> shape) {}

    private final TensorInfo first;
    private final List<Integer> blocks = new ArrayList<>();
    private int tensors;

    private TensorGroup(TensorInfo first) {
        this.first = first;
    }

    /** Groups in the order of their first tensors. */
    static List<TensorGroup> of(List<TensorInfo> tensors) {
        Map<Key, TensorGroup> groups = new LinkedHashMap<>();
        for (TensorInfo tensor : tensors) {
            Matcher matcher = BLOCK.matcher(tensor.name());
            boolean block = matcher.matches();
            String name = block ? matcher.group(1) + "*" + matcher.group(3) : tensor.name();
            Key key = new Key(
                    name, tensor.type(), Arrays.stream(tensor.shape()).boxed().toList());
            TensorGroup group = groups.computeIfAbsent(key, k -> new TensorGroup(tensor));
            group.tensors++;
            if (block) {
                group.blocks.add(Integer.valueOf(matcher.group(2)));
            }
        }
        return List.copyOf(groups.values());
    }

    /** Any tensor of the group: type and shape are those of all. */
    TensorInfo first() {
        return first;
    }

    int tensors() {
        return tensors;
    }

    long bytes() {
        return first.bytes() * tensors;
    }

    /** The name with the blocks it stands for, such as {@code blk.0-3,6.attn_q.weight}. */
    String name() {
        if (tensors == 1) {
            return first.name();
        }
        Matcher matcher = BLOCK.matcher(first.name());
        return matcher.matches() ? matcher.group(1) + ranges() + matcher.group(3) : first.name();
    }

    private String ranges() {
        List<Integer> sorted = blocks.stream().sorted().toList();
        StringBuilder text = new StringBuilder();
        int from = sorted.getFirst();
        int to = from;
        for (int block : sorted.subList(1, sorted.size())) {
            if (block != to + 1) {
                text.append(range(from, to)).append(',');
                from = block;
            }
            to = block;
        }
        return text.append(range(from, to)).toString();
    }

    private static String range(int from, int to) {
        return from == to ? Integer.toString(from) : from + (to == from + 1 ? "," : "-") + to;
    }
}
