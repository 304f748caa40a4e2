package org.kvant.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One metadata value, immutable. Unsigned 8, 16 and 32 bit values are held in the next wider type; {@link U64} as its 64 bits. */
public sealed interface MetaValue
        permits MetaValue.U8,
                MetaValue.I8,
                MetaValue.U16,
                MetaValue.I16,
                MetaValue.U32,
                MetaValue.I32,
                MetaValue.F32,
                MetaValue.Bool,
                MetaValue.Str,
                MetaArray,
                MetaValue.U64,
                MetaValue.I64,
                MetaValue.F64 {

    /** The type under which the value is stored. */
    ValueType type();

    /** An unsigned byte, 0 to 255. */
    record U8(int value) implements MetaValue {
        public U8 {
            requireRange("u8", value, 0, 0xFF);
        }

        @Override
        public ValueType type() {
            return ValueType.U8;
        }
    }

    /** A signed byte. */
    record I8(byte value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.I8;
        }
    }

    /** An unsigned 16-bit number, 0 to 65535. */
    record U16(int value) implements MetaValue {
        public U16 {
            requireRange("u16", value, 0, 0xFFFF);
        }

        @Override
        public ValueType type() {
            return ValueType.U16;
        }
    }

    /** A signed 16-bit number. */
    record I16(short value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.I16;
        }
    }

    /** An unsigned 32-bit number, 0 to 4294967295. */
    record U32(long value) implements MetaValue {
        public U32 {
            requireRange("u32", value, 0, 0xFFFF_FFFFL);
        }

        @Override
        public ValueType type() {
            return ValueType.U32;
        }
    }

    /** A signed 32-bit number. */
    record I32(int value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.I32;
        }
    }

    /** A 32-bit float. */
    record F32(float value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.F32;
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.BOOL;
        }
    }

    /** An unsigned 64-bit number, as its bits: negative here means above {@code Long.MAX_VALUE}. */
    record U64(long bits) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.U64;
        }
    }

    /** A signed 64-bit number. */
    record I64(long value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.I64;
        }
    }

    /** A 64-bit float. */
    record F64(double value) implements MetaValue {
        @Override
        public ValueType type() {
            return ValueType.F64;
        }
    }

    /** A string. ggml stores any bytes, so the bytes are what is held: files that are not UTF-8 survive being copied. */
    final class Str implements MetaValue {
        private final byte[] bytes;

        private Str(byte[] bytes) {
            this.bytes = bytes;
        }

        /** The string in UTF-8. */
        public static Str of(String value) {
            return new Str(value.getBytes(StandardCharsets.UTF_8));
        }

        /** These bytes as they are, UTF-8 or not. */
        public static Str ofBytes(byte[] bytes) {
            return new Str(bytes.clone());
        }

        /** The string; bytes that are not UTF-8 become U+FFFD. */
        public String value() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** A copy of the stored bytes. */
        public byte[] bytes() {
            return bytes.clone();
        }

        @Override
        public ValueType type() {
            return ValueType.STRING;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Str that && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "Str[" + value() + "]";
        }
    }

    private static void requireRange(String type, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(value + " is not a " + type + " (" + min + " to " + max + ")");
        }
    }
}
