package org.kvant.llama.library;

/** Argument checks: a wrong argument that reaches ggml ends the JVM. */
public final class Check {
    private Check() {}

    public static int range(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + " is " + value + "; it must be between " + min + " and " + max);
        }
        return value;
    }

    public static float range(String what, float value, float min, float max) {
        if (!(value >= min && value <= max)) {
            throw new IllegalArgumentException(what + " is " + value + "; it must be between " + min + " and " + max);
        }
        return value;
    }

    public static float finite(String what, float value) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(what + " is " + value + "; it must be a finite number");
        }
        return value;
    }

    /** A Java string handed over as a C string would end at the first NUL. */
    public static String noNul(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(what + " contains a NUL character");
        }
        return text;
    }
}
