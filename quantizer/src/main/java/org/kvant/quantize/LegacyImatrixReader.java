package org.kvant.quantize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The format before GGUF, often named {@code .dat}; all numbers are little-endian:
 *
 * <pre>
 * i32 entries, then for each: i32 length, name; i32 calls; i32 values, f32[values] = mean * calls
 * optionally: i32 chunks, i32 length, name of the dataset
 * </pre>
 */
final class LegacyImatrixReader {
    private final Path file;
    private final ByteBuffer in;

    private LegacyImatrixReader(Path file, ByteBuffer in) {
        this.file = file;
        this.in = in;
    }

    static Imatrix read(Path file) throws IOException {
        if (Files.size(file) > Integer.MAX_VALUE - 8) {
            throw new QuantizeException(file + ": is larger than 2 GiB, which no importance matrix of this format is");
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        return new LegacyImatrixReader(file, bytes).read();
    }

    private Imatrix read() throws QuantizeException {
        int entries = count("the number of entries", 1);
        Map<String, float[]> importance = new TreeMap<>();
        for (int entry = 0; entry < entries; entry++) {
            String name = text("the name of entry " + entry);
            int calls = count("the calls of " + name, Integer.MIN_VALUE);
            int values = count("the number of values of " + name, 1);
            need(4L * values, "the values of " + name);
            float[] means = new float[values];
            for (int i = 0; i < values; i++) {
                float value = in.getFloat();
                means[i] = calls > 0 ? value / calls : value;
            }
            importance.put(name, ImatrixReader.checked(file, name, means));
        }
        if (in.remaining() < 8) {
            return new Imatrix(file, importance, List.of(), in.remaining() < 4 ? 0 : in.getInt());
        }
        int chunks = in.getInt();
        int length = in.getInt();
        if (length <= 0 || length > in.remaining()) {
            return new Imatrix(file, importance, List.of(), chunks);
        }
        return new Imatrix(file, importance, List.of(string(length)), chunks);
    }

    private int count(String what, int atLeast) throws QuantizeException {
        need(4, what);
        int value = in.getInt();
        if (value < atLeast) {
            throw damaged(what + " is " + value);
        }
        return value;
    }

    private String text(String what) throws QuantizeException {
        int length = count("the length of " + what, 1);
        need(length, what);
        return string(length);
    }

    private String string(int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void need(long bytes, String what) throws QuantizeException {
        if (in.remaining() < bytes) {
            throw damaged("it ends in " + what + ": " + bytes + " bytes expected, " + in.remaining() + " left");
        }
    }

    private QuantizeException damaged(String why) {
        return new QuantizeException(
                file + ": is not an importance matrix of llama.cpp, or damaged: at byte " + in.position() + " " + why);
    }
}
