package org.kvant.engine.sampling;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns token pieces (raw bytes that may cut a character) into text that may be sent: complete UTF-8 characters, and nothing that is or may
 * still become a stop string. Bytes that aren't UTF-8 become U+FFFD. One per request; not thread-safe.
 */
public final class TextAssembler {
    private final List<String> stops;
    private final byte[][] stopBytes;
    private byte[] held = new byte[32];
    private int length;
    private long emitted;
    private @Nullable String matched;

    TextAssembler(List<String> stops) {
        this.stops = stops;
        stopBytes = stops.stream().map(s -> s.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
    }

    /**
     * Takes the next token's bytes.
     *
     * @return the text that is now certain, often empty; after a stop string matched, the text before it, and nothing must be appended any more
     */
    public String append(byte[] piece) {
        if (matched != null) {
            throw new IllegalStateException("The stop string \"" + matched + "\" has already ended this text");
        }
        if (piece.length == 0) {
            return "";
        }
        if (length + piece.length > held.length) {
            held = Arrays.copyOf(held, Math.max(2 * held.length, length + piece.length));
        }
        System.arraycopy(piece, 0, held, length, piece.length);
        length += piece.length;

        int stopAt = findStop();
        if (stopAt >= 0) {
            String text = decode(stopAt);
            length = 0;
            return text;
        }
        int certain = Math.min(length - incompleteTail(), startOfPartialStop());
        String text = decode(certain);
        System.arraycopy(held, certain, held, 0, length - certain);
        length -= certain;
        return text;
    }

    /** Gives what was held back, since no further token comes: an unfinished character becomes U+FFFD. */
    public String finish() {
        String text = decode(length);
        length = 0;
        return text;
    }

    /** The stop string that ended the text, if one did. */
    @Nullable
    public String matchedStop() {
        return matched;
    }

    /** Bytes of all text given out so far. */
    public long emitted() {
        return emitted;
    }

    private String decode(int count) {
        emitted += count;
        return count == 0 ? "" : new String(held, 0, count, StandardCharsets.UTF_8);
    }

    /** Where the first stop string begins; of several at one place, the one first listed. -1 if there's none. */
    private int findStop() {
        for (int at = 0; at < length; at++) {
            for (int s = 0; s < stopBytes.length; s++) {
                if (matches(stopBytes[s], at, stopBytes[s].length)) {
                    matched = stops.get(s);
                    return at;
                }
            }
        }
        return -1;
    }

    /** Where the longest tail begins that is the beginning of a stop string; the length if there's none. */
    private int startOfPartialStop() {
        for (int at = 0; at < length; at++) {
            for (byte[] stop : stopBytes) {
                if (length - at < stop.length && matches(stop, at, length - at)) {
                    return at;
                }
            }
        }
        return length;
    }

    private boolean matches(byte[] stop, int at, int count) {
        return at + count <= length && Arrays.equals(held, at, at + count, stop, 0, count);
    }

    /** How many bytes at the end begin a character that needs more of them. */
    private int incompleteTail() {
        for (int back = 1; back <= Math.min(3, length); back++) {
            int b = held[length - back] & 0xFF;
            if (b < 0x80) {
                return 0;
            }
            if (b >= 0xC0) {
                int needed = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
                return back < needed ? back : 0;
            }
        }
        return 0;
    }
}
