package org.kvant.cli.inspect;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.kvant.cli.terminal.Table;
import org.kvant.cli.terminal.Terminal;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Printable;
import org.kvant.gguf.TensorInfo;
import org.kvant.model.ByteSize;

/** A GGUF file for reading in a terminal. Nothing out of the file reaches it but printable characters. */
final class InspectText {
    private static final int LABEL = 14;

    private final GgufFile file;
    private final ModelSummary summary;
    private final Terminal terminal;
    private final PrintWriter out;

    InspectText(GgufFile file, Terminal terminal, PrintWriter out) {
        this.file = file;
        this.summary = ModelSummary.of(file);
        this.terminal = terminal;
        this.out = out;
    }

    /** @param everyTensor a line for each tensor, instead of one for those that differ in their block's number only */
    void print(boolean everyTensor) {
        header();
        types();
        metadata();
        tensors(everyTensor);
        out.flush();
    }

    private void header() {
        String name = ModelSummary.string(file, "general.name").orElse("(no general.name)");
        out.println(terminal.bold(text(name, terminal.width())));
        String architecture = ModelSummary.string(file, "general.architecture").orElse("");
        out.println("  " + Terminal.left("file", LABEL)
                + Printable.oneLine(file.path().toString()));
        if (file.parts().size() > 1) {
            label("parts", Integer.toString(file.parts().size()));
        }
        label("format", "GGUF version " + file.version() + ", data aligned to " + file.alignment() + " bytes");
        label("architecture", architecture.isEmpty() ? "(no general.architecture)" : architecture);
        shape(architecture);
        label("parameters", String.format(Locale.ROOT, "%s (%,d)", amount(summary.parameters()), summary.parameters()));
        label("size", String.format(Locale.ROOT, "%s (%,d bytes)", ByteSize.text(file.sizeBytes()), file.sizeBytes()));
        if (summary.parameters() > 0) {
            String preset = ModelSummary.preset(file).map(p -> ", " + p).orElse("");
            label("weights", String.format(Locale.ROOT, "%.2f bits each%s", summary.bitsPerWeight(), preset));
        }
    }

    /** The hyper-parameters that one wants to know first. */
    private void shape(String architecture) {
        List<String> known = new ArrayList<>();
        add(known, architecture + ".block_count", "blocks");
        add(known, architecture + ".embedding_length", "wide");
        add(known, architecture + ".attention.head_count", "heads");
        add(known, architecture + ".attention.head_count_kv", "KV heads");
        add(known, architecture + ".context_length", "context");
        if (!known.isEmpty()) {
            label("shape", String.join(", ", known));
        }
    }

    private void add(List<String> known, String key, String what) {
        OptionalLong number = ModelSummary.number(file, key);
        if (number.isPresent()) {
            known.add(number.getAsLong() + " " + what);
        }
    }

    private void label(String label, String value) {
        out.println("  " + Terminal.left(label, LABEL) + text(value, terminal.width() - 2 - LABEL));
    }

    private void types() {
        if (summary.types().isEmpty()) {
            return;
        }
        heading(String.format(Locale.ROOT, "Types (%,d)", summary.types().size()));
        Table table = new Table(terminal, "type", ">tensors", ">parameters", ">bits/w", ">bytes", "share");
        int bar = Math.clamp(terminal.width() - 62, 0, 30);
        for (ModelSummary.TypeShare share : summary.types()) {
            double fraction = (double) share.bytes() / summary.tensorBytes();
            table.row(
                    share.type().label(),
                    Integer.toString(share.tensors()),
                    amount(share.parameters()),
                    decimals(share.bitsPerWeight()),
                    ByteSize.text(share.bytes()),
                    String.format(
                            Locale.ROOT, "%5.1f%% %s", 100 * fraction, bar == 0 ? "" : terminal.bar(fraction, bar)));
        }
        table.print(out);
    }

    private void metadata() {
        heading(String.format(
                Locale.ROOT, "Metadata (%,d)", file.metadata().keys().size()));
        int widest = file.metadata().keys().stream()
                .mapToInt(key -> Terminal.columnsOf(Printable.oneLine(key)))
                .max()
                .orElse(0);
        int keys = Math.min(widest, terminal.width() * 45 / 100);
        file.metadata().asMap().forEach((key, value) -> metadata(key, value, keys));
    }

    private void metadata(String key, MetaValue value, int keys) {
        String start = "  " + Terminal.left(text(key, terminal.width() - 12), keys) + "  "
                + Terminal.left(ValueText.type(value), 6) + " ";
        int room = terminal.width() - Terminal.columnsOf(start);
        if (room < 16) {
            // A long key gets a line of its own.
            out.println(start.stripTrailing());
            start = " ".repeat(6);
            room = terminal.width() - 6;
        }
        out.println(start + ValueText.of(value, terminal, room));
    }

    private void tensors(boolean every) {
        heading(String.format(Locale.ROOT, "Tensors (%,d)", file.tensors().size()));
        if (file.tensors().isEmpty()) {
            return;
        }
        if (every) {
            boolean split = file.parts().size() > 1;
            Table table = split
                    ? new Table(terminal, "name", "shape", "type", ">bits/w", ">bytes", ">part")
                    : new Table(terminal, "name", "shape", "type", ">bits/w", ">bytes");
            for (TensorInfo tensor : file.tensors()) {
                table.row(
                        cells(tensor.name(), tensor, tensor.bytes(), split ? Integer.toString(tensor.part() + 1) : ""));
            }
            table.print(out);
            return;
        }
        List<TensorGroup> groups = TensorGroup.of(file.tensors());
        Table table = new Table(terminal, "name", "shape", "type", ">bits/w", ">bytes", ">tensors");
        for (TensorGroup group : groups) {
            table.row(cells(group.name(), group.first(), group.bytes(), Integer.toString(group.tensors())));
        }
        table.print(out);
        if (groups.size() < file.tensors().size()) {
            out.println("  (--tensors lists each)");
        }
    }

    private static String[] cells(String name, TensorInfo tensor, long bytes, String last) {
        String shape = Arrays.stream(tensor.shape()).mapToObj(Long::toString).collect(Collectors.joining("x"));
        return new String[] {
            Printable.oneLine(name),
            shape,
            tensor.type().label(),
            decimals(tensor.type().bitsPerWeight()),
            ByteSize.text(bytes),
            last
        };
    }

    private void heading(String text) {
        out.println();
        out.println(terminal.bold(text));
    }

    private String text(String untrusted, int columns) {
        return ValueText.of(MetaValue.Str.of(untrusted), terminal, columns);
    }

    private static String decimals(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /** Such as 134.5 M. */
    static String amount(long count) {
        return scaled(count, 1000, new String[] {"", " k", " M", " G", " T"});
    }

    private static String scaled(long count, int step, String[] units) {
        double value = count;
        int unit = 0;
        // 999.95 would print as 1000.0.
        while (value >= step - 0.05 && unit < units.length - 1) {
            value /= step;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f%s" : "%.1f%s", value, units[unit]);
    }
}
