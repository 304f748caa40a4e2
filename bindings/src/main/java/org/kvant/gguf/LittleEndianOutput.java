package org.kvant.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Writes GGUF's primitive encodings to a stream and counts the bytes. */
final class LittleEndianOutput {
    private final OutputStream out;
    private long count;

    LittleEndianOutput(OutputStream out) {
        this.out = out;
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        count += bytes.length;
    }

    void u8(int value) throws IOException {
        out.write(value);
        count++;
    }

    void u16(int value) throws IOException {
        u8(value);
        u8(value >>> 8);
    }

    void u32(int value) throws IOException {
        u16(value);
        u16(value >>> 16);
    }

    void u64(long value) throws IOException {
        u32((int) value);
        u32((int) (value >>> 32));
    }

    void string(String value) throws IOException {
        string(value.getBytes(StandardCharsets.UTF_8));
    }

    void string(byte[] bytes) throws IOException {
        u64(bytes.length);
        raw(bytes);
    }

    /** Zeros up to the next multiple of {@code alignment} of the count. */
    void pad(int alignment) throws IOException {
        while (count % alignment != 0) {
            u8(0);
        }
    }

    /** Type and value, as they follow a key. */
    void value(MetaValue value) throws IOException {
        u32(value.type().id());
        payload(value);
    }

    private void payload(MetaValue value) throws IOException {
        switch (value) {
            case MetaValue.U8 v -> u8(v.value());
            case MetaValue.I8 v -> u8(v.value());
            case MetaValue.U16 v -> u16(v.value());
            case MetaValue.I16 v -> u16(v.value());
            case MetaValue.U32 v -> u32((int) v.value());
            case MetaValue.I32 v -> u32(v.value());
            case MetaValue.F32 v -> u32(Float.floatToRawIntBits(v.value()));
            case MetaValue.Bool v -> u8(v.value() ? 1 : 0);
            case MetaValue.Str v -> string(v.bytes());
            case MetaValue.U64 v -> u64(v.bits());
            case MetaValue.I64 v -> u64(v.value());
            case MetaValue.F64 v -> u64(Double.doubleToRawLongBits(v.value()));
            case MetaArray v -> {
                u32(v.elementType().id());
                u64(v.size());
                raw(v.encoded());
            }
        }
    }

    /** {@link #value} without the type, onto a {@link ByteArrayOutputStream}, which cannot fail. */
    void payloadUnchecked(MetaValue value) {
        try {
            payload(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
