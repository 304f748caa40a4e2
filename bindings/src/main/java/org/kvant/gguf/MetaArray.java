package org.kvant.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An array of metadata values of one type, immutable. It is held in the file's own little-endian encoding, so that a vocabulary of a million
 * strings costs two Java arrays; elements are decoded when asked for.
 */
public final class MetaArray implements MetaValue {
    private static final VarHandle SHORT = view(short[].class);
    private static final VarHandle INT = view(int[].class);
    private static final VarHandle LONG = view(long[].class);

    private final ValueType elementType;
    private final int size;
    private final byte[] encoded;
    /** For strings: where each one's first byte lies in {@code encoded}; its length is the u64 before that. */
    private final int @Nullable [] starts;

    MetaArray(ValueType elementType, int size, byte[] encoded, int @Nullable [] starts) {
        this.elementType = elementType;
        this.size = size;
        this.encoded = encoded;
        this.starts = starts;
    }

    private static VarHandle view(Class<?> arrayType) {
        return MethodHandles.byteArrayViewVarHandle(arrayType, ByteOrder.LITTLE_ENDIAN);
    }

    /** Strings in UTF-8. */
    public static MetaArray ofStrings(List<String> values) {
        List<byte[]> bytes = new ArrayList<>(values.size());
        for (String value : values) {
            bytes.add(value.getBytes(StandardCharsets.UTF_8));
        }
        return ofBytes(bytes);
    }

    /** Strings given as bytes, UTF-8 or not. */
    public static MetaArray ofBytes(List<byte[]> values) {
        long total = 0;
        for (byte[] value : values) {
            total += Long.BYTES + value.length;
        }
        byte[] encoded = new byte[Math.toIntExact(total)];
        int[] starts = new int[values.size()];
        int at = 0;
        for (int i = 0; i < starts.length; i++) {
            byte[] value = values.get(i);
            LONG.set(encoded, at, (long) value.length);
            at += Long.BYTES;
            starts[i] = at;
            System.arraycopy(value, 0, encoded, at, value.length);
            at += value.length;
        }
        return new MetaArray(ValueType.STRING, starts.length, encoded, starts);
    }

    /** Signed 32-bit numbers. */
    public static MetaArray ofI32s(int... values) {
        return ofInts(ValueType.I32, values);
    }

    /** Unsigned 32-bit numbers, given by their bits. */
    public static MetaArray ofU32s(int... values) {
        return ofInts(ValueType.U32, values);
    }

    /** 32-bit floats. */
    public static MetaArray ofF32s(float... values) {
        byte[] encoded = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return new MetaArray(ValueType.F32, values.length, encoded, null);
    }

    /** Truth values. */
    public static MetaArray ofBools(boolean... values) {
        byte[] encoded = new byte[values.length];
        for (int i = 0; i < encoded.length; i++) {
            encoded[i] = (byte) (values[i] ? 1 : 0);
        }
        return new MetaArray(ValueType.BOOL, encoded.length, encoded, null);
    }

    /**
     * Values of any one type except {@link ValueType#ARRAY}: arrays do not nest.
     *
     * @throws IllegalArgumentException if an element has another type
     */
    public static MetaArray of(ValueType elementType, List<? extends MetaValue> values) {
        if (elementType == ValueType.ARRAY) {
            throw new IllegalArgumentException("an array of arrays: GGUF readers refuse nested arrays");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LittleEndianOutput sink = new LittleEndianOutput(out);
        List<byte[]> strings = new ArrayList<>();
        for (MetaValue value : values) {
            if (value.type() != elementType) {
                throw new IllegalArgumentException(
                        "a " + value.type().ggufName() + " in an array of " + elementType.ggufName());
            }
            if (value instanceof Str str) {
                strings.add(str.bytes());
            } else {
                sink.payloadUnchecked(value);
            }
        }
        return elementType == ValueType.STRING
                ? ofBytes(strings)
                : new MetaArray(elementType, values.size(), out.toByteArray(), null);
    }

    private static MetaArray ofInts(ValueType type, int[] values) {
        byte[] encoded = new byte[Math.multiplyExact(values.length, Integer.BYTES)];
        ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(values);
        return new MetaArray(type, values.length, encoded, null);
    }

    @Override
    public ValueType type() {
        return ValueType.ARRAY;
    }

    /** The type of every element. */
    public ValueType elementType() {
        return elementType;
    }

    /** Number of elements. */
    public int size() {
        return size;
    }

    /** Element {@code index}. */
    public MetaValue get(int index) {
        Objects.checkIndex(index, size);
        return switch (elementType) {
            case U8 -> new U8(encoded[index] & 0xFF);
            case I8 -> new I8(encoded[index]);
            case U16 -> new U16((short) SHORT.get(encoded, index * 2) & 0xFFFF);
            case I16 -> new I16((short) SHORT.get(encoded, index * 2));
            case U32 -> new U32((int) INT.get(encoded, index * 4) & 0xFFFF_FFFFL);
            case I32 -> new I32((int) INT.get(encoded, index * 4));
            case F32 -> new F32(floatAt(index));
            case BOOL -> new Bool(encoded[index] != 0);
            case STRING -> Str.ofBytes(bytes(index));
            case U64 -> new U64((long) LONG.get(encoded, index * 8));
            case I64 -> new I64((long) LONG.get(encoded, index * 8));
            case F64 -> new F64(Double.longBitsToDouble((long) LONG.get(encoded, index * 8)));
            case ARRAY -> throw new IllegalStateException("nested array");
        };
    }

    /**
     * String {@code index}; bytes that are not UTF-8 become U+FFFD.
     *
     * @throws IllegalStateException if the elements are not strings
     */
    public String string(int index) {
        return new String(encoded, start(index), length(index), StandardCharsets.UTF_8);
    }

    /** The stored bytes of string {@code index}; see {@link #string}. */
    public byte[] bytes(int index) {
        return Arrays.copyOfRange(encoded, start(index), start(index) + length(index));
    }

    /** All strings, decoded now; see {@link #string}. */
    public List<String> strings() {
        String[] all = new String[size];
        for (int i = 0; i < size; i++) {
            all[i] = string(i);
        }
        return Collections.unmodifiableList(Arrays.asList(all));
    }

    /**
     * All elements as longs; u64 as its bits.
     *
     * @throws IllegalStateException if the elements are not whole numbers
     */
    public long[] longs() {
        long[] all = new long[size];
        for (int i = 0; i < size; i++) {
            all[i] = switch (elementType) {
                case U8 -> encoded[i] & 0xFF;
                case I8 -> encoded[i];
                case U16 -> (short) SHORT.get(encoded, i * 2) & 0xFFFF;
                case I16 -> (short) SHORT.get(encoded, i * 2);
                case U32 -> (int) INT.get(encoded, i * 4) & 0xFFFF_FFFFL;
                case I32 -> (int) INT.get(encoded, i * 4);
                case U64, I64 -> (long) LONG.get(encoded, i * 8);
                default ->
                    throw new IllegalStateException("an array of " + elementType.ggufName() + ", not of integers");
            };
        }
        return all;
    }

    /**
     * All elements as floats.
     *
     * @throws IllegalStateException if the elements are not f32
     */
    public float[] floats() {
        if (elementType != ValueType.F32) {
            throw new IllegalStateException("an array of " + elementType.ggufName() + ", not of f32");
        }
        float[] all = new float[size];
        ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(all);
        return all;
    }

    /** The elements as they stand in a file; not a copy. */
    byte[] encoded() {
        return encoded;
    }

    private float floatAt(int index) {
        return Float.intBitsToFloat((int) INT.get(encoded, index * 4));
    }

    private int start(int index) {
        if (starts == null) {
            throw new IllegalStateException("an array of " + elementType.ggufName() + ", not of strings");
        }
        return starts[Objects.checkIndex(index, size)];
    }

    private int length(int index) {
        return (int) (long) LONG.get(encoded, start(index) - Long.BYTES);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MetaArray that
                && elementType == that.elementType
                && size == that.size
                && Arrays.equals(encoded, that.encoded);
    }

    @Override
    public int hashCode() {
        return 31 * elementType.hashCode() + Arrays.hashCode(encoded);
    }

    @Override
    public String toString() {
        return "MetaArray[" + size + " " + elementType.ggufName() + "]";
    }
}
