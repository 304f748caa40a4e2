package org.kvant.allocate;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * Losses that were measured before, in a text file: the key, then a line a tensor, added as it is measured. A line that an end of the process
 * cut off, or of another key, is measured again.
 */
final class LossCache implements AutoCloseable {
    private static final String END = "ok";

    private final Map<String, TypeLoss.Measured> measured = new HashMap<>();
    private final @Nullable BufferedWriter out;

    private LossCache(@Nullable BufferedWriter out) {
        this.out = out;
    }

    /**
     * @param file null to keep nothing
     * @param key of everything that the losses depend on; a line
     */
    static LossCache open(@Nullable Path file, String key) throws IOException {
        if (file == null) {
            return new LossCache(null);
        }
        Map<String, TypeLoss.Measured> found = new HashMap<>();
        boolean same = false;
        if (Files.isRegularFile(file)) {
            String[] lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n", -1);
            same = lines[0].equals(key);
            for (int i = 1; same && i < lines.length; i++) {
                parse(lines[i], found);
            }
        }
        BufferedWriter writer = same
                ? Files.newBufferedWriter(file, StandardOpenOption.APPEND)
                : Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        LossCache cache = new LossCache(writer);
        // Ends a line that was cut off, or the key.
        writer.write(same ? "\n" : key + "\n");
        writer.flush();
        cache.measured.putAll(found);
        return cache;
    }

    private static void parse(String line, Map<String, TypeLoss.Measured> into) {
        String[] parts = line.split("\t");
        if (parts.length < 3 || !parts[parts.length - 1].equals(END)) {
            return;
        }
        Map<GgmlType, Double> losses = new EnumMap<>(GgmlType.class);
        try {
            for (int i = 2; i < parts.length - 1; i++) {
                int separator = parts[i].indexOf('=');
                losses.put(
                        GgmlType.valueOf(parts[i].substring(0, separator)),
                        Double.parseDouble(parts[i].substring(separator + 1)));
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return; // not ours: measured again
        }
        into.put(parts[0], new TypeLoss.Measured(losses, Boolean.parseBoolean(parts[1])));
    }

    synchronized TypeLoss.@Nullable Measured get(String tensor) {
        return measured.get(tensor);
    }

    synchronized void put(String tensor, TypeLoss.Measured losses) throws IOException {
        measured.put(tensor, losses);
        if (out == null) {
            return;
        }
        StringBuilder line = new StringBuilder(tensor).append('\t').append(losses.known());
        losses.losses()
                .forEach((type, loss) ->
                        line.append('\t').append(type).append('=').append(loss));
        out.write(line.append('\t').append(END).append('\n').toString());
        out.flush();
    }

    @Override
    public void close() throws IOException {
        if (out != null) {
            out.close();
        }
    }
}
