package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LibraryState;
import org.kvant.llama.library.LinkedFunctions;
import org.kvant.llama.library.NativeAbort;
import org.kvant.llama.library.NativeLog;
import org.kvant.llama.loader.NativeLibraries;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.llama.loader.NativeOptions;
import org.kvant.llama.loader.UnusedBackends;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** llama.cpp in this process. There is one, loaded once and never unloaded; its methods may be called from any thread. */
public final class Backend {
    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);
    private static @Nullable Backend instance;

    private final NativeLibraries libraries;

    private Backend(NativeLibraries libraries) {
        this.libraries = libraries;
    }

    /** {@link #load(NativeOptions)} with the usual places and the pinned version. */
    public static Backend load() {
        return load(NativeOptions.defaults());
    }

    /**
     * Loads the libraries, checks their version, sends their log to SLF4J and starts the backends that fit this machine. A
     * second call returns the same backend whatever its options.
     *
     * @throws NativeLoadException if the libraries are missing, incomplete, of another version, or have no CPU backend
     */
    public static synchronized Backend load(NativeOptions options) {
        Backend present = instance;
        if (present != null) {
            return present;
        }
        NativeLibraries libraries = NativeLibraries.load(options.directory().orElse(null), options.anyVersion());
        NativeLog.install();
        NativeAbort.install();
        Backend backend = new Backend(libraries);
        backend.startBackends();
        llama_h.llama_backend_init();
        instance = backend;
        LibraryState.setLoaded();
        return backend;
    }

    /**
     * Links the functions that a server calls, which takes a JVM some tenths of a second: done on another thread while something else is waited for,
     * it makes a start sooner. Changes nothing else.
     */
    public void link() {
        LinkedFunctions.link();
    }

    private void startBackends() {
        // A build without loadable backends has registered its own by now.
        if (llama_h.ggml_backend_reg_count() == 0) {
            try (Arena arena = Arena.ofConfined()) {
                llama_h.ggml_backend_load_all_from_path(
                        arena.allocateFrom(directory().toString()));
            }
            UnusedBackends.reasons(directory()).forEach(LOG::warn);
        }
        if (devices().stream().noneMatch(d -> d.kind() == Device.Kind.CPU)) {
            throw new NativeLoadException("no CPU backend (libggml-cpu*) that runs on this machine in " + directory());
        }
    }

    /** The folder that the libraries were loaded from. */
    public Path directory() {
        return libraries.directory();
    }

    /** Such as {@code llama.cpp 0.5.0-dev (ggml 0.25.1)}. */
    public String version() {
        return "llama.cpp " + libraries.llamaVersion() + " (ggml " + libraries.ggmlVersion() + ")";
    }

    /** The CPU features and backends in use, one line, as llama.cpp prints them. */
    public String systemInfo() {
        NativeAbort.check();
        return llama_h.llama_print_system_info().getString(0);
    }

    /** What ggml can compute on, with the memory free just now. */
    public List<Device> devices() {
        NativeAbort.check();
        List<Device> devices = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
            long count = llama_h.ggml_backend_dev_count();
            for (long i = 0; i < count; i++) {
                MemorySegment device = llama_h.ggml_backend_dev_get(i);
                llama_h.ggml_backend_dev_memory(device, free, total);
                devices.add(new Device(
                        llama_h.ggml_backend_dev_name(device).getString(0),
                        llama_h.ggml_backend_dev_description(device).getString(0),
                        kind(llama_h.ggml_backend_dev_type(device)),
                        free.get(ValueLayout.JAVA_LONG, 0),
                        total.get(ValueLayout.JAVA_LONG, 0)));
            }
        }
        return List.copyOf(devices);
    }

    private static Device.Kind kind(int type) {
        if (type == llama_h.GGML_BACKEND_DEVICE_TYPE_CPU()) {
            return Device.Kind.CPU;
        }
        if (type == llama_h.GGML_BACKEND_DEVICE_TYPE_GPU()) {
            return Device.Kind.GPU;
        }
        if (type == llama_h.GGML_BACKEND_DEVICE_TYPE_IGPU()) {
            return Device.Kind.IGPU;
        }
        return type == llama_h.GGML_BACKEND_DEVICE_TYPE_META() ? Device.Kind.META : Device.Kind.ACCEL;
    }

    /**
     * Registers what to do when ggml hits a fatal error. The thread that hit it is parked for good and every later call
     * throws {@link BackendAbortedException}; the handler, on a thread of its own, should fail what is in flight and end
     * the process. Without a handler ggml aborts the process.
     *
     * @param handler gets ggml's message
     */
    public void onAbort(Consumer<String> handler) {
        NativeAbort.addHandler(handler);
    }

    /** Whether ggml has hit a fatal error in this process. */
    public boolean hasAborted() {
        return NativeAbort.hasAborted();
    }
}
