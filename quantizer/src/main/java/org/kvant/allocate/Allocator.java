package org.kvant.allocate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;
import org.kvant.quantize.PlannedTensor;
import org.kvant.quantize.QuantizePlan;

/** Chooses types for a model whose losses are known. */
final class Allocator {
    /** Types' names in the metadata are at most this much longer than others. */
    private static final int NAME_SLACK = 8;

    private static final int BISECTIONS = 40;

    private final Planner planner;
    private final List<TensorLosses> losses;
    private final boolean divergence;
    private final int alignment;
    private final @Nullable KernelSpeeds speeds;
    private final List<List<GgmlType>> types = new ArrayList<>();
    private final List<List<Option>> items = new ArrayList<>();
    private final long otherBytes;
    private final double fastest;

    /** What a choice of types makes of the file. */
    interface Planner {
        QuantizePlan plan(Map<String, GgmlType> types, Map<String, Double> losses) throws IOException;
    }

    /**
     * @param alignment of the file's tensors
     * @param speeds null if no speed is asked for
     */
    Allocator(
            Planner planner,
            List<TensorLosses> losses,
            boolean divergence,
            int alignment,
            @Nullable KernelSpeeds speeds)
            throws IOException {
        this.alignment = alignment;
        this.planner = planner;
        this.losses = losses;
        this.divergence = divergence;
        this.speeds = speeds;
        double fast = 0;
        for (TensorLosses tensor : losses) {
            List<GgmlType> own = List.copyOf(tensor.losses().keySet());
            List<Option> options =
                    own.stream().map(type -> option(tensor, type)).toList();
            types.add(own);
            items.add(options);
            fast += options.stream().mapToDouble(Option::time).min().orElse(0);
        }
        this.fastest = fast;
        int[] first = new int[items.size()];
        this.otherBytes = allocation(first).fileBytes() - bytes(first) + (long) NAME_SLACK * items.size();
    }

    private Option option(TensorLosses tensor, GgmlType type) {
        long bytes = type.bytes(tensor.tensor().elements());
        double time = speeds == null ? 0 : speeds.nanos(tensor.tensor(), type);
        return new Option((bytes + alignment - 1) / alignment * alignment, tensor.of(type), time);
    }

    private long bytes(int[] picks) {
        long sum = 0;
        for (int i = 0; i < picks.length; i++) {
            sum += items.get(i).get(picks[i]).bytes();
        }
        return sum;
    }

    /** The smallest possible file. */
    long leastBytes() {
        return otherBytes + Knapsack.leastBytes(items);
    }

    /** The file with the least loss for each tensor. */
    long mostBytes() {
        return otherBytes
                + items.stream()
                        .mapToLong(item ->
                                item.stream().mapToLong(Option::bytes).max().orElseThrow())
                        .sum();
    }

    private double maxTime(@Nullable Double speed) {
        return speed == null ? Double.POSITIVE_INFINITY : fastest / speed;
    }

    /**
     * The least loss within a size of file.
     *
     * @param speed the least fraction of the fastest choice's, or null
     * @throws AllocateException if that can't be, with what could be
     */
    Allocation forBytes(long fileBytes, @Nullable Double speed) throws IOException {
        int[] picks = Knapsack.solve(items, fileBytes - otherBytes, maxTime(speed));
        if (picks == null) {
            throw speed == null || fileBytes < leastBytes() ? tooSmall(fileBytes) : tooSlow(fileBytes, speed);
        }
        return allocation(picks);
    }

    /** The least loss within an average of bits for each of the model's weights. */
    Allocation forBits(double bits, @Nullable Double speed) throws IOException {
        Allocation any = allocation(new int[items.size()]);
        QuantizePlan plan = planner.plan(any.types(), any.losses());
        long rest = plan.tensors().stream()
                .filter(t -> !any.types().containsKey(t.name()))
                .mapToLong(PlannedTensor::bytes)
                .sum();
        double least = 8.0 * (rest + Knapsack.leastBytes(items)) / plan.elements();
        long room = (long) (bits * plan.elements() / 8) - rest;
        int[] picks = Knapsack.solve(items, room, maxTime(speed));
        if (picks == null && bits < least) {
            throw new AllocateException(String.format(
                    Locale.ROOT,
                    "%.3f bits a weight can't be had: the candidate types give at least %.3f; ask for that or more,"
                            + " or allow smaller types with --types%s",
                    bits,
                    least,
                    withoutType()));
        }
        if (picks == null) {
            throw tooSlow(room + otherBytes, speed == null ? 0 : speed);
        }
        return allocation(picks);
    }

    /** The smallest file whose predicted loss is at most this; the largest if there is none. */
    Allocation forLoss(double loss, @Nullable Double speed) throws IOException {
        long low = leastBytes();
        long high = mostBytes();
        int @Nullable [] best = null;
        for (int i = 0; i < BISECTIONS && high - low > Math.max(1024, high / 5000); i++) {
            long middle = (low + high) / 2;
            int[] picks = Knapsack.solve(items, middle - otherBytes, maxTime(speed));
            if (picks != null && loss(picks) <= loss) {
                best = picks;
                high = Math.min(middle, bytes(picks) + otherBytes);
            } else {
                low = middle;
            }
        }
        return best == null ? forBytes(mostBytes(), speed) : allocation(best);
    }

    private AllocateException tooSmall(long bytes) {
        long least = leastBytes();
        return new AllocateException(String.format(
                Locale.ROOT,
                "%,d bytes can't be had: the smallest file with the candidate types has %,d (%.2f MiB), of which %,d"
                        + " are metadata and tensors that are not quantized; ask for --size %d or more, or allow smaller"
                        + " types with --types%s",
                bytes,
                least,
                least / 1048576.0,
                otherBytes,
                least,
                withoutType()));
    }

    /** Names tensors that no candidate type fits, if there are any: they are why nothing smaller can be had. */
    private String withoutType() {
        List<TensorLosses> kept = losses.stream()
                .filter(t -> t.losses().keySet().equals(Set.of(t.tensor().type())))
                .filter(t -> !t.tensor().type().quantized())
                .toList();
        return kept.isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        " (%d of %d tensors keep %s, such as %s, whose rows of %d no candidate divides; Q4_0, IQ4_NL,"
                                + " Q5_0 and Q8_0 have blocks of 32)",
                        kept.size(),
                        losses.size(),
                        kept.getFirst().tensor().type().label(),
                        kept.getFirst().tensor().name(),
                        kept.getFirst().tensor().columns());
    }

    private AllocateException tooSlow(long bytes, double speed) {
        int[] picks = Knapsack.solve(items, bytes - otherBytes, Double.POSITIVE_INFINITY);
        String without = picks == null ? "" : String.format(Locale.ROOT, " (without it, %.3f)", speed(picks));
        return new AllocateException(String.format(
                Locale.ROOT,
                "no choice of at most %,d bytes has %.3f of the fastest one's speed%s; allow more bytes or a lower"
                        + " --min-speed",
                bytes,
                speed,
                without));
    }

    private double loss(int[] picks) {
        double sum = 0;
        for (int i = 0; i < picks.length; i++) {
            sum += items.get(i).get(picks[i]).loss();
        }
        return sum;
    }

    private double speed(int[] picks) {
        double time = 0;
        for (int i = 0; i < picks.length; i++) {
            time += items.get(i).get(picks[i]).time();
        }
        return speeds == null ? Double.NaN : fastest / time;
    }

    private Allocation allocation(int[] picks) throws IOException {
        Map<String, GgmlType> chosen = new LinkedHashMap<>();
        Map<String, Double> cost = new LinkedHashMap<>();
        for (int i = 0; i < picks.length; i++) {
            TensorLosses tensor = losses.get(i);
            chosen.put(tensor.tensor().name(), types.get(i).get(picks[i]));
            cost.put(tensor.tensor().name(), items.get(i).get(picks[i]).loss());
        }
        QuantizePlan plan = planner.plan(chosen, cost);
        return new Allocation(chosen, cost, fileBytes(plan), plan.bitsPerWeight(), divergence, speed(picks));
    }

    private static long fileBytes(QuantizePlan plan) throws IOException {
        Metadata metadata = plan.metadata();
        List<TensorSpec> specs = plan.tensors().stream()
                .map(t -> t.source().spec().withType(t.type()))
                .toList();
        return GgufWriter.fileBytes(metadata, specs);
    }
}
