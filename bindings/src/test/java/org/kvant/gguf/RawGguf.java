package org.kvant.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds GGUF bytes, right or wrong, without the code under test's writer. Numbers are little-endian. */
final class RawGguf {
    byte[] magic = "GGUF".getBytes(StandardCharsets.US_ASCII);
    int version = 3;

    @Nullable
    Long tensorCount;

    @Nullable
    Long pairCount;

    int alignment = 32;
    int missingData;
    private final List<byte[]> pairs = new ArrayList<>();
    private final List<byte[]> tensors = new ArrayList<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    /** Appends numbers of any width and strings to a byte array. */
    static byte[] bytes(Object... fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Object field : fields) {
            switch (field) {
                case Byte b -> number(out, b, 1);
                case Short s -> number(out, s, 2);
                case Integer i -> number(out, i, 4);
                case Long l -> number(out, l, 8);
                case Float f -> number(out, Float.floatToRawIntBits(f), 4);
                case byte[] raw -> out.writeBytes(raw);
                case String text -> {
                    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                    number(out, utf8.length, 8);
                    out.writeBytes(utf8);
                }
                default -> throw new IllegalArgumentException(field.getClass().toString());
            }
        }
        return out.toByteArray();
    }

    private static void number(ByteArrayOutputStream out, long value, int width) {
        for (int i = 0; i < width; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    /** A pair in raw fields: key, type, value. */
    RawGguf pair(Object... fields) {
        pairs.add(bytes(fields));
        return this;
    }

    RawGguf u32(String key, int value) {
        return pair(key, 4, value);
    }

    RawGguf string(String key, String value) {
        return pair(key, 8, value);
    }

    /** A tensor in raw fields; {@code bytes} bytes of data, then zero padding, are appended for it. */
    RawGguf rawTensor(long bytes, Object... fields) {
        tensors.add(bytes(fields));
        for (long i = 0; i < bytes; i++) {
            data.write((int) (i * 31 + 1));
        }
        while (data.size() % alignment != 0) {
            data.write(0);
        }
        return this;
    }

    /** A proper F32 vector. */
    RawGguf vector(String name, long elements) {
        return rawTensor(elements * 4, name, 1, elements, 0, (long) data.size());
    }

    byte[] build() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Long givenTensors = tensorCount;
        Long givenPairs = pairCount;
        out.writeBytes(bytes(
                magic,
                version,
                givenTensors == null ? tensors.size() : givenTensors.longValue(),
                givenPairs == null ? (long) pairs.size() : givenPairs));
        pairs.forEach(out::writeBytes);
        tensors.forEach(out::writeBytes);
        if (!tensors.isEmpty()) {
            while (out.size() % alignment != 0) {
                out.write(0);
            }
        }
        byte[] all = data.toByteArray();
        out.write(all, 0, all.length - missingData);
        return out.toByteArray();
    }
}
