package org.kvant.cli.quantize;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;
import org.kvant.model.ByteSize;
import org.kvant.quantize.PlannedTensor;
import org.kvant.quantize.QuantizePlan;

/** A plan as a table for the terminal: a line a tensor, then the totals by type and in all. */
final class PlanTable {
    private final QuantizePlan plan;

    PlanTable(QuantizePlan plan) {
        this.plan = plan;
    }

    void print(PrintWriter out) {
        List<String[]> lines = new ArrayList<>();
        lines.add(new String[] {"tensor", "shape", "from", "to", "bytes", "becomes"});
        for (PlannedTensor tensor : plan.tensors()) {
            lines.add(new String[] {
                tensor.name(),
                Arrays.stream(tensor.source().shape()).mapToObj(Long::toString).collect(Collectors.joining(" x ")),
                tensor.source().type().label(),
                tensor.copied() ? "-" : tensor.type().label(),
                ByteSize.text(tensor.source().bytes()),
                ByteSize.text(tensor.bytes())
            });
        }
        int[] widths = new int[6];
        for (String[] line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line[i].length());
            }
        }
        String format = String.format(
                "%%-%ds  %%%ds  %%-%ds  %%-%ds  %%%ds  %%%ds%%n",
                widths[0], widths[1], widths[2], widths[3], widths[4], widths[5]);
        lines.forEach(line -> out.printf(Locale.ROOT, format, (Object[]) line));
        out.println();
        printTypes(out);
        out.printf(
                Locale.ROOT,
                "%d tensors, %,d weights: %s (%.2f bits a weight) become %s (%.2f)%n",
                plan.tensors().size(),
                plan.elements(),
                ByteSize.text(plan.sourceBytes()),
                plan.sourceBitsPerWeight(),
                ByteSize.text(plan.bytes()),
                plan.bitsPerWeight());
    }

    private void printTypes(PrintWriter out) {
        Map<GgmlType, long[]> totals = new TreeMap<>();
        for (PlannedTensor tensor : plan.tensors()) {
            long[] total = totals.computeIfAbsent(tensor.type(), type -> new long[2]);
            total[0]++;
            total[1] += tensor.bytes();
        }
        totals.forEach((type, total) ->
                out.printf(Locale.ROOT, "%-7s %5d tensors  %10s%n", type.label(), total[0], ByteSize.text(total[1])));
    }
}
