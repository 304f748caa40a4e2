package org.kvant.benchmarks.quality;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.report.Maker;
import org.kvant.report.Pictures;

/**
 * Draws the pictures of {@code docs/lab/quality.md} from the figures beside them: {@code divergence.csv} (maker, name, bytes, mean KLD) and
 * {@code allocation.csv} (tensor, type, bytes; the first line is the title). With a GGUF file as the second argument its types become
 * {@code allocation.csv} first.
 */
public final class QualityPictures {
    private QualityPictures() {}

    /** @param arguments the folder; a GGUF file, or nothing */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 1 || arguments.length > 2) {
            throw new IllegalArgumentException("usage: QualityPictures FOLDER [MODEL.gguf]");
        }
        Path folder = Path.of(arguments[0]);
        if (arguments.length == 2) {
            writeAllocation(Path.of(arguments[1]), folder.resolve("allocation.csv"));
        }
        Files.writeString(folder.resolve("divergence.svg"), divergences(folder.resolve("divergence.csv")));
        Files.writeString(folder.resolve("allocation.svg"), allocation(folder.resolve("allocation.csv")));
    }

    private static String divergences(Path file) throws IOException {
        List<Pictures.Point> points = new ArrayList<>();
        for (String[] row : rows(file, Files.readAllLines(file), 1, 4)) {
            Maker maker = Maker.valueOf(row[0].toUpperCase(Locale.ROOT).replace('-', '_'));
            points.add(new Pictures.Point(maker, row[1], Long.parseLong(row[2]), Double.parseDouble(row[3]), 0));
        }
        return Pictures.divergences(points);
    }

    private static String allocation(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<Pictures.Tensor> tensors = new ArrayList<>();
        for (String[] row : rows(file, lines, 2, 3)) {
            tensors.add(new Pictures.Tensor(row[0], GgmlType.ofName(row[1]).orElseThrow(), Long.parseLong(row[2])));
        }
        return Pictures.allocation(lines.getFirst(), tensors);
    }

    private static List<String[]> rows(Path file, List<String> lines, int skipped, int fields) {
        List<String[]> rows = new ArrayList<>();
        for (int i = skipped; i < lines.size(); i++) {
            String[] row = lines.get(i).split(",", -1);
            if (row.length != fields) {
                throw new IllegalArgumentException(file + ", line " + (i + 1) + ": needs " + fields + " fields");
            }
            rows.add(row);
        }
        return rows;
    }

    private static void writeAllocation(Path model, Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(model)) {
            List<String> lines = new ArrayList<>();
            lines.add(String.format(
                    Locale.ROOT, "%s: %,d bytes", gguf.metadata().string("general.name"), gguf.sizeBytes()));
            lines.add("tensor,type,bytes");
            for (TensorInfo tensor : gguf.tensors()) {
                if (tensor.type().quantized()) {
                    lines.add(tensor.name() + "," + tensor.type().ggmlName() + "," + tensor.bytes());
                }
            }
            Files.write(file, lines);
        }
    }
}
