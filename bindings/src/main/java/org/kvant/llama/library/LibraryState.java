package org.kvant.llama.library;

/** Whether the native libraries can be called. Any thread. */
public final class LibraryState {
    private static volatile boolean loaded;

    private LibraryState() {}

    /** The libraries are loaded and their backends started. */
    public static void setLoaded() {
        loaded = true;
    }

    /**
     * What every first call needs: a loaded library that has not aborted.
     *
     * @throws IllegalStateException if it is not loaded
     * @throws BackendAbortedException after a fatal error of ggml
     */
    public static void require() {
        if (!loaded) {
            throw new IllegalStateException("the native libraries are not loaded: call Backend.load first");
        }
        NativeAbort.check();
    }
}
