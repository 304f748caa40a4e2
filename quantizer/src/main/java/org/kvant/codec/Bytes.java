package org.kvant.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Little-endian integers inside byte arrays. */
final class Bytes {

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() {}

    static void putInt(byte[] y, int o, int v) {
        INT.set(y, o, v);
    }

    static int getInt(byte[] y, int o) {
        return (int) INT.get(y, o);
    }

    static void putShort(byte[] y, int o, int v) {
        SHORT.set(y, o, (short) v);
    }

    /** Unsigned. */
    static int getShort(byte[] y, int o) {
        return (short) SHORT.get(y, o) & 0xffff;
    }
}
