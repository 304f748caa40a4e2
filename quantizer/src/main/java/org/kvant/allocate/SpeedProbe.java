package org.kvant.allocate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.modelfile.ModelOptions;

/**
 * Times llama.cpp's own kernels on this machine: for each type a model of one layer decodes some tokens, once with a large feed-forward network
 * and once with a small one; what the large one takes longer is what its weights cost, memory included.
 */
final class SpeedProbe {
    /** Some 25 million weights: more than the caches hold, as in a model worth quantizing. */
    private static final int LARGE = 8192;

    private static final int SMALL = 256;
    private static final int WARM_UP = 3;
    private static final int TIMED = 21;
    private static final int TOKEN = 100;

    private SpeedProbe() {}

    /** @param cache a file that keeps what was measured on this machine, or null */
    static KernelSpeeds measure(GgufFile model, List<TensorLosses> tensors, @Nullable Path cache, int threads)
            throws IOException {
        Set<GgmlType> types = EnumSet.noneOf(GgmlType.class);
        tensors.forEach(tensor -> types.addAll(tensor.losses().keySet()));
        String key = "speeds 1 threads " + threads + " of "
                + Runtime.getRuntime().availableProcessors() + " " + System.getProperty("os.arch");
        Map<GgmlType, Double> known = read(cache, key);
        Backend.load();
        Path folder = Files.createTempDirectory("kvant-speed");
        try {
            for (GgmlType type : types) {
                if (!known.containsKey(type)) {
                    known.put(type, nanosPerWeight(folder.resolve("speed.gguf"), type, threads));
                }
            }
        } finally {
            Files.deleteIfExists(folder.resolve("speed.gguf"));
            Files.deleteIfExists(folder);
        }
        write(cache, key, known);
        return new KernelSpeeds(known, shares(model));
    }

    private static double nanosPerWeight(Path file, GgmlType type, int threads) throws IOException {
        SpeedModel.write(file, type, SMALL);
        double small = nanosPerToken(file, threads);
        SpeedModel.write(file, type, LARGE);
        double large = nanosPerToken(file, threads);
        // A machine that is busy may make the difference vanish; even at two bits the large network is over half of
        // what is read.
        return Math.max(large - small, large / 3) / (SpeedModel.weights(LARGE) - SpeedModel.weights(SMALL));
    }

    /** Time of decoding one token: the shortest, as whatever else the machine does only adds to it. */
    private static double nanosPerToken(Path file, int threads) throws IOException {
        try (Model model = Model.load(file, ModelOptions.defaults());
                Context context = model.newContext(ContextOptions.builder()
                        .contextSize(SpeedModel.CONTEXT)
                        .threads(threads)
                        .build())) {
            Batch batch = new Batch(1);
            long shortest = Long.MAX_VALUE;
            for (int i = -WARM_UP; i < TIMED; i++) {
                batch.clear();
                batch.add(TOKEN, i + WARM_UP, 0, true);
                long start = System.nanoTime();
                if (!(context.decode(batch) instanceof DecodeResult.Ok)) {
                    throw new AllocateException("the speed of this machine can't be measured: decoding failed");
                }
                if (i >= 0) {
                    shortest = Math.min(shortest, System.nanoTime() - start);
                }
            }
            return shortest;
        }
    }

    /** Which part of a tensor a token reads: not a table that rows are looked up in, and some experts only. */
    private static Map<String, Double> shares(GgufFile model) throws IOException {
        Map<String, Double> shares = new java.util.HashMap<>();
        String architecture = model.metadata().string("general.architecture", "");
        double experts = model.metadata().integer(architecture + ".expert_count", 0);
        double used = model.metadata().integer(architecture + ".expert_used_count", 0);
        boolean head = model.tensor("output.weight").isPresent();
        for (TensorInfo tensor : model.tensors()) {
            if (tensor.shape().length > 2 && experts > 0 && used > 0) {
                shares.put(tensor.name(), used / experts);
            } else if (head && tensor.name().equals("token_embd.weight")) {
                shares.put(tensor.name(), 0.0);
            }
        }
        return shares;
    }

    private static Map<GgmlType, Double> read(@Nullable Path cache, String key) throws IOException {
        Map<GgmlType, Double> known = new EnumMap<>(GgmlType.class);
        if (cache == null || !Files.isRegularFile(cache)) {
            return known;
        }
        List<String> lines = new String(Files.readAllBytes(cache), StandardCharsets.UTF_8)
                .lines()
                .toList();
        if (lines.isEmpty() || !lines.getFirst().equals(key)) {
            return known;
        }
        try {
            for (String line : lines.subList(1, lines.size())) {
                String[] parts = line.split(" ");
                double nanos = Double.parseDouble(parts[1]);
                if (parts.length == 3 && nanos > 0) {
                    known.put(GgmlType.valueOf(parts[0]), nanos);
                }
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            known.clear(); // not ours: measured again
        }
        return known;
    }

    private static void write(@Nullable Path cache, String key, Map<GgmlType, Double> nanos) throws IOException {
        if (cache == null) {
            return;
        }
        StringBuilder text = new StringBuilder(key).append('\n');
        nanos.forEach((type, each) -> text.append(type).append(' ').append(each).append(" ns\n"));
        Files.writeString(cache, text, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    }
}
