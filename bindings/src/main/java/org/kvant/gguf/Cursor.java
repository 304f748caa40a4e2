package org.kvant.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads GGUF's primitive encodings from a mapped file, every read checked against what is left of it. */
final class Cursor {
    private static final String DOWNLOAD_AGAIN = "The file is truncated or corrupt: fetch or convert it again";
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int WINDOW = 1 << 16;

    private final Path file;
    private final MemorySegment segment;
    private final long limit;
    private long position;
    private byte[] window = {};
    private long windowStart;
    private String context = "";

    /**
     * @param segment the whole file
     * @param limit bytes that headers may take before they are refused: they are copied onto the heap
     */
    Cursor(Path file, MemorySegment segment, long limit) {
        this.file = file;
        this.segment = segment;
        this.limit = limit;
    }

    /** What the following reads are about, such as {@code key 'general.name'}; part of error messages. */
    void context(String context) {
        this.context = context;
    }

    long position() {
        return position;
    }

    long remaining() {
        return segment.byteSize() - position;
    }

    int u8(String what) throws GgufException {
        return segment.get(ValueLayout.JAVA_BYTE, claim(1, what)) & 0xFF;
    }

    short i16(String what) throws GgufException {
        return segment.get(SHORT, claim(2, what));
    }

    int i32(String what) throws GgufException {
        return segment.get(INT, claim(4, what));
    }

    long i64(String what) throws GgufException {
        return segment.get(LONG, claim(8, what));
    }

    /** A string's bytes. */
    byte[] bytes(String what) throws GgufException {
        long length = stringLength(what);
        return copy(claim(length, what), length);
    }

    /** A string that must be UTF-8 of at most {@code max} bytes. */
    String text(String what, int max) throws GgufException {
        long start = position;
        long length = stringLength(what);
        if (length > max) {
            throw at(start, what + " has " + length + " bytes; at most " + max + " are allowed", DOWNLOAD_AGAIN);
        }
        byte[] bytes = copy(claim(length, what), length);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw at(start, what + " is not UTF-8", DOWNLOAD_AGAIN);
        }
    }

    /** {@code count} values of a type that takes {@code size} bytes. */
    MetaArray numbers(ValueType type, long count) throws GgufException {
        checkCount(count, type.size(), "array");
        long bytes = count * type.size();
        long start = claim(bytes, "array");
        byte[] encoded = copy(start, bytes);
        if (type == ValueType.BOOL) {
            for (int i = 0; i < encoded.length; i++) {
                if ((encoded[i] & 0xFE) != 0) {
                    throw at(
                            start + i, "bool is " + (encoded[i] & 0xFF) + "; only 0 and 1 are allowed", DOWNLOAD_AGAIN);
                }
            }
        }
        return new MetaArray(type, (int) count, encoded, null);
    }

    /** {@code count} strings. */
    MetaArray strings(long count) throws GgufException {
        checkCount(count, Long.BYTES, "array");
        int[] starts = new int[(int) count];
        long begin = position;
        for (int i = 0; i < starts.length; i++) {
            long length = windowed("string of the array");
            long first = claim(length, "string of the array");
            starts[i] = (int) (first - begin);
        }
        return new MetaArray(ValueType.STRING, starts.length, copy(begin, position - begin), starts);
    }

    /** Refuses a count that what is left of the file cannot hold, before anything is allocated for it. */
    void checkCount(long count, int atLeastBytesEach, String what) throws GgufException {
        if (count < 0 || count > remaining() / atLeastBytesEach) {
            throw at(
                    position,
                    what + " of " + Long.toUnsignedString(count) + " elements cannot fit the " + remaining()
                            + " bytes left in the file",
                    DOWNLOAD_AGAIN);
        }
        if (count * atLeastBytesEach > limit - position) {
            throw tooLarge(what);
        }
    }

    GgufException at(long offset, String what, String remedy) {
        String where = "byte " + offset + (context.isEmpty() ? "" : ", " + context);
        return new GgufException(file, where, what, remedy);
    }

    GgufException corrupt(long offset, String what) {
        return at(offset, what, DOWNLOAD_AGAIN);
    }

    private long stringLength(String what) throws GgufException {
        long start = position;
        return checkedLength(start, i64(what), what);
    }

    /**
     * The same out of a copy of what comes next: a vocabulary has a hundred thousand strings, and before code is compiled, which is
     * when a server starts, reading a long from a segment takes a microsecond.
     */
    private long windowed(String what) throws GgufException {
        long start = claim(Long.BYTES, what);
        if (start < windowStart || start + Long.BYTES > windowStart + window.length) {
            windowStart = start;
            window = copy(start, Math.min(WINDOW, segment.byteSize() - start));
        }
        int at = (int) (start - windowStart);
        long length = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            length = length << 8 | window[at + i] & 0xFF;
        }
        return checkedLength(start, length, what);
    }

    private long checkedLength(long start, long length, String what) throws GgufException {
        if (length < 0 || length > remaining()) {
            throw at(
                    start,
                    what + " of " + Long.toUnsignedString(length) + " bytes exceeds the " + remaining()
                            + " bytes left in the file",
                    DOWNLOAD_AGAIN);
        }
        return length;
    }

    private byte[] copy(long from, long length) {
        byte[] bytes = new byte[(int) length];
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, from, bytes, 0, bytes.length);
        return bytes;
    }

    private long claim(long bytes, String what) throws GgufException {
        if (bytes > remaining()) {
            throw at(
                    position,
                    "the file ends inside the " + what + " (" + bytes + " bytes needed, " + remaining() + " left)",
                    DOWNLOAD_AGAIN);
        }
        if (bytes > limit - position) {
            throw tooLarge(what);
        }
        long start = position;
        position += bytes;
        return start;
    }

    private GgufException tooLarge(String what) {
        return at(
                position,
                "with the " + what + " the metadata exceeds " + (limit >> 20) + " MiB",
                "No model needs that much: the file is corrupt or hostile");
    }
}
