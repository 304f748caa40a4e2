package org.kvant.codec;

/** Little-endian 16-bit floats inside byte arrays. */
public final class Half {

    private Half() {}

    /** Rounds to nearest even, as {@code ggml_compute_fp32_to_fp16}, stores and returns what was stored. */
    public static float put(byte[] y, int o, float value) {
        short half = Float.floatToFloat16(value);
        y[o] = (byte) half;
        y[o + 1] = (byte) (half >> 8);
        return Float.float16ToFloat(half);
    }

    public static float get(byte[] y, int o) {
        return Float.float16ToFloat((short) ((y[o] & 0xff) | y[o + 1] << 8));
    }

    /** True for infinity and NaN. */
    public static boolean notFinite(byte[] y, int o) {
        return (y[o + 1] & 0x7c) == 0x7c;
    }
}
