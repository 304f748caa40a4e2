package org.kvant.allocate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.ProgressListener;

/**
 * By what the losses that moments predict have to be multiplied, by role and depth, so that they are those of real files: a few groups of
 * tensors are rounded, each alone, and the true divergence is measured. Between the depths that were measured, the factors' logarithms are
 * interpolated.
 */
final class DivergenceFactors {
    /** A measured factor beyond these is noise. */
    private static final double LEAST = 0.02;

    private static final double MOST = 200;

    private static final String END = "ok";

    private final Map<ProbeGroup.Role, List<Point>> points;
    private final int layers;

    private record Point(double depth, double logFactor) {}

    private DivergenceFactors(Map<ProbeGroup.Role, List<Point>> points, int layers) {
        this.points = points;
        this.layers = layers;
    }

    /** Measures the true divergence of the model with some tensors in other types and the rest as it is. */
    interface Measure {
        double divergence(Map<String, GgmlType> types, Map<String, Double> losses) throws IOException;
    }

    /**
     * Measures all groups that are not in the cache.
     *
     * @param cache a text file that keeps what was measured, or null
     * @param key of everything that the divergences depend on; a line
     * @param listener called on the calling thread with groups done and in all
     */
    static DivergenceFactors measure(
            List<TensorLosses> losses, Measure measure, @Nullable Path cache, String key, ProgressListener listener)
            throws IOException {
        Map<String, Double> known = read(cache, key);
        List<ProbeGroup> groups = ProbeGroup.of(losses);
        Map<ProbeGroup.Role, List<Point>> points = new EnumMap<>(ProbeGroup.Role.class);
        for (int i = 0; i < groups.size(); i++) {
            ProbeGroup group = groups.get(i);
            GgmlType type = group.type();
            if (type == null) {
                continue;
            }
            String name = group.name() + " as " + type;
            listener.step("measuring " + name, i, groups.size());
            Double measured = known.get(name);
            if (measured == null) {
                measured = measure.divergence(types(group, type), predictions(group, type));
                append(cache, name, measured);
            }
            double factor = Math.clamp(measured / group.predicted(type), LEAST, MOST);
            points.computeIfAbsent(group.role(), role -> new ArrayList<>())
                    .add(new Point(group.depth(), Math.log(factor)));
        }
        points.values().forEach(list -> list.sort(Comparator.comparingDouble(Point::depth)));
        listener.step("measured by role and depth", groups.size(), groups.size());
        return new DivergenceFactors(points, ProbeGroup.layers(losses));
    }

    private static Map<String, GgmlType> types(ProbeGroup group, GgmlType type) {
        Map<String, GgmlType> types = new LinkedHashMap<>();
        group.tensors().forEach(t -> types.put(t.tensor().name(), type));
        return types;
    }

    private static Map<String, Double> predictions(ProbeGroup group, GgmlType type) {
        Map<String, Double> losses = new LinkedHashMap<>();
        group.tensors().forEach(t -> losses.put(t.tensor().name(), t.of(type)));
        return losses;
    }

    /** The losses, those of every tensor multiplied with its factor. */
    List<TensorLosses> correct(List<TensorLosses> losses) {
        return losses.stream()
                .map(tensor -> {
                    double factor = of(tensor.tensor().name());
                    Map<GgmlType, Double> corrected = new EnumMap<>(GgmlType.class);
                    tensor.losses().forEach((type, loss) -> corrected.put(type, factor * loss));
                    return new TensorLosses(tensor.tensor(), corrected, tensor.known());
                })
                .toList();
    }

    /** The factor of a tensor; of a role that was not measured, the mean of the others'. */
    double of(String tensor) {
        List<Point> own = points.get(ProbeGroup.Role.of(tensor));
        if (own == null) {
            return Math.exp(points.values().stream()
                    .flatMap(List::stream)
                    .mapToDouble(Point::logFactor)
                    .average()
                    .orElse(0));
        }
        double depth = ProbeGroup.depth(tensor, layers);
        Point before = own.getFirst();
        for (Point point : own) {
            if (point.depth() >= depth) {
                double distance = point.depth() - before.depth();
                double share = distance > 0 ? Math.clamp((depth - before.depth()) / distance, 0, 1) : 1;
                return Math.exp(before.logFactor() + share * (point.logFactor() - before.logFactor()));
            }
            before = point;
        }
        return Math.exp(before.logFactor());
    }

    private static Map<String, Double> read(@Nullable Path cache, String key) throws IOException {
        Map<String, Double> known = new HashMap<>();
        if (cache == null) {
            return known;
        }
        String[] lines = Files.isRegularFile(cache) ? Files.readString(cache).split("\n", -1) : new String[] {""};
        if (!lines[0].equals(key)) {
            Files.writeString(cache, key + "\n");
            return known;
        }
        for (String line : lines) {
            String[] parts = line.split("\t");
            if (parts.length == 3 && parts[2].equals(END)) {
                try {
                    known.put(parts[0], Double.parseDouble(parts[1]));
                } catch (NumberFormatException e) {
                    continue; // not ours: measured again
                }
            }
        }
        return known;
    }

    private static void append(@Nullable Path cache, String name, double measured) throws IOException {
        if (cache != null) {
            Files.writeString(
                    cache,
                    "\n" + name + "\t" + measured + "\t" + END + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.APPEND);
        }
    }
}
