package org.kvant.monitoring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text in UTF-8 that grows. Not thread-safe. */
final class ByteText {
    /** {@link Double#toString} writes larger ones with an exponent. */
    private static final double MOST_PLAIN = 1e7;

    private byte[] bytes;
    private int size;

    /** @param capacity bytes that it has room for without growing */
    ByteText(int capacity) {
        bytes = new byte[capacity];
    }

    ByteText add(byte[] more) {
        reserve(more.length);
        System.arraycopy(more, 0, bytes, size, more.length);
        size += more.length;
        return this;
    }

    ByteText add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    ByteText add(char ascii) {
        reserve(1);
        bytes[size++] = (byte) ascii;
        return this;
    }

    /** In decimal. */
    ByteText add(long number) {
        if (number >= 0 && number < 10) {
            return add((char) ('0' + number));
        }
        return add(Long.toString(number));
    }

    /** As {@link Double#toString} does, but for infinity. */
    ByteText add(double number) {
        long whole = (long) number;
        if (whole == number && Math.abs(number) < MOST_PLAIN && (whole != 0 || 1 / number > 0)) {
            return add(whole).add('.').add('0');
        }
        if (Double.isInfinite(number)) {
            return add(number > 0 ? "+Inf" : "-Inf");
        }
        return add(Double.toString(number));
    }

    byte[] toByteArray() {
        return Arrays.copyOf(bytes, size);
    }

    private void reserve(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
        }
    }
}
