package org.kvant.cli.quantize;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.kvant.allocate.AllocateResult;
import org.kvant.allocate.Allocation;
import org.kvant.model.ByteSize;
import org.kvant.quantize.PlannedTensor;

/** A choice of types as a table for the terminal: what each role of tensors gets, then the totals. */
final class AllocationTable {
    private final AllocateResult result;

    AllocationTable(AllocateResult result) {
        this.result = result;
    }

    private static final class Line {
        final Map<String, Integer> types = new TreeMap<>();
        int tensors;
        long bytes;
        long weights;
        double loss;

        void add(PlannedTensor tensor, double tensorLoss) {
            tensors++;
            bytes += tensor.bytes();
            weights += tensor.source().elements();
            loss += tensorLoss;
            types.merge(tensor.type().label(), 1, Integer::sum);
        }
    }

    void print(PrintWriter out) {
        Allocation allocation = result.allocation();
        Map<String, Line> roles = new LinkedHashMap<>();
        Map<String, Line> types = new TreeMap<>();
        for (PlannedTensor tensor : result.plan().tensors()) {
            Double loss = allocation.losses().get(tensor.name());
            if (loss == null) {
                continue;
            }
            roles.computeIfAbsent(role(tensor.name()), role -> new Line()).add(tensor, loss);
            types.computeIfAbsent(tensor.type().label(), type -> new Line()).add(tensor, loss);
        }
        String cost = allocation.divergence() ? "KLD" : "error";
        out.printf(Locale.ROOT, "%-20s %7s %10s %6s %9s  %s%n", "role", "tensors", "bytes", "bpw", cost, "types");
        roles.forEach((role, line) -> print(out, role, line, true));
        out.println();
        types.forEach((type, line) -> print(out, type, line, false));
        out.println();
        out.printf(
                Locale.ROOT,
                "%,d bytes (%s), %.3f bits a weight",
                allocation.fileBytes(),
                ByteSize.text(allocation.fileBytes()),
                allocation.bitsPerWeight());
        if (allocation.divergence()) {
            out.printf(Locale.ROOT, ", predicted KLD %.4f", allocation.loss());
        }
        if (!Double.isNaN(allocation.speed())) {
            out.printf(Locale.ROOT, ", %.3f of the fastest choice's speed", allocation.speed());
        }
        out.println();
    }

    private static void print(PrintWriter out, String name, Line line, boolean withTypes) {
        StringBuilder types = new StringBuilder();
        if (withTypes) {
            line.types.forEach((type, count) -> types.append(types.isEmpty() ? "" : ", ")
                    .append(count)
                    .append(' ')
                    .append(type));
        }
        out.printf(
                Locale.ROOT,
                "%-20s %7d %10s %6.3f %9.5f  %s%n",
                name,
                line.tensors,
                ByteSize.text(line.bytes),
                8.0 * line.bytes / line.weights,
                line.loss,
                types);
    }

    /** A tensor's name without its layer. */
    private static String role(String name) {
        return name.replaceFirst("^blk\\.\\d+\\.", "").replaceFirst("\\.weight$", "");
    }
}
