package org.kvant.llama.loader;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.llama_h;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The llama.cpp libraries of this process: found, loaded, checked to have every function that the bindings name and to be
 * the version that the bindings were generated from. Structs go by value and change between versions, so another version
 * is refused rather than tried.
 */
public final class NativeLibraries {
    /** The pinned release, which {@code llama_version()} must name. */
    public static final String LLAMA_VERSION = "0.5.0";

    /** The ggml of that release, which {@code ggml_version()} must name. */
    public static final String GGML_VERSION = "0.25.1";

    /** {@code -Dkvant.native.anyVersion=true} accepts a library that calls itself otherwise. */
    public static final String ANY_VERSION_PROPERTY = "kvant.native.anyVersion";

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);
    private static @Nullable NativeLibraries loaded;

    private final Path directory;
    private final String llamaVersion;
    private final String ggmlVersion;

    private NativeLibraries(Path directory, String llamaVersion, String ggmlVersion) {
        this.directory = directory;
        this.llamaVersion = llamaVersion;
        this.ggmlVersion = ggmlVersion;
    }

    /**
     * Loads the libraries once per process; later calls return what is loaded.
     *
     * @param explicit a folder to use instead of the usual places, or null
     * @param anyVersion whether to go on with a library of another version
     * @throws NativeLoadException naming every path tried, the function missing or the version found
     */
    public static synchronized NativeLibraries load(@Nullable Path explicit, boolean anyVersion) {
        NativeLibraries present = loaded;
        if (present != null) {
            return present;
        }
        LibrarySearch search = new LibrarySearch(LibraryNames.ofThisSystem());
        LibrarySearch.Found found = search.search(explicit);
        // Dependencies first: Windows does not look for them beside the library that needs them.
        loadLibrary(found.ggmlBase());
        try {
            System.load(found.ggml().toString());
        } catch (UnsatisfiedLinkError e) {
            // A build without loadable backends is linked against them.
            search.plainBackends(found.directory()).forEach(NativeLibraries::tryLoad);
            loadLibrary(found.ggml());
        }
        loadLibrary(found.llama());
        requireSymbols(found);
        NativeLibraries result =
                new NativeLibraries(found.directory(), text(llama_h.llama_version()), text(llama_h.ggml_version()));
        result.requireVersion(anyVersion || Boolean.getBoolean(ANY_VERSION_PROPERTY));
        loaded = result;
        return result;
    }

    /** The folder that the libraries came from, where backends are looked for as well. */
    public Path directory() {
        return directory;
    }

    public String llamaVersion() {
        return llamaVersion;
    }

    public String ggmlVersion() {
        return ggmlVersion;
    }

    /** The address of a function of the C library, if this system's default lookup knows it. */
    public static Optional<MemorySegment> cFunction(String name) {
        return Linker.nativeLinker().defaultLookup().find(name);
    }

    private static void loadLibrary(Path file) {
        try {
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new NativeLoadException("cannot load " + file + ": " + e.getMessage(), e);
        }
    }

    private static void tryLoad(Path file) {
        try {
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            LOG.debug("not loaded: {}: {}", file, e.getMessage());
        }
    }

    /** The generated class resolves a function when it is first called: too late to find out that it is missing. */
    private static void requireSymbols(LibrarySearch.Found found) {
        SymbolLookup lookup = SymbolLookup.loaderLookup();
        List<String> missing = new ArrayList<>();
        for (String name : functions()) {
            if (lookup.find(name).isEmpty()) {
                missing.add(name);
            }
        }
        if (!missing.isEmpty()) {
            throw new NativeLoadException(
                    "the libraries in " + found.directory() + " lack " + String.join(", ", missing)
                            + "; this program needs llama.cpp " + LLAMA_VERSION + " (ggml " + GGML_VERSION + ")");
        }
    }

    static List<String> functions() {
        String suffix = "$descriptor";
        List<String> names = new ArrayList<>();
        for (Method method : llama_h.class.getDeclaredMethods()) {
            if (method.getName().endsWith(suffix)) {
                names.add(method.getName().substring(0, method.getName().length() - suffix.length()));
            }
        }
        return names;
    }

    private void requireVersion(boolean any) {
        if (same(LLAMA_VERSION, llamaVersion) && same(GGML_VERSION, ggmlVersion)) {
            return;
        }
        String found = "the libraries in " + directory + " are llama.cpp " + llamaVersion + " (ggml " + ggmlVersion
                + "), but this program was made for " + LLAMA_VERSION + " (ggml " + GGML_VERSION + ")";
        if (!any) {
            throw new NativeLoadException(found + ". Run 'make native' for the right ones; -D" + ANY_VERSION_PROPERTY
                    + "=true goes on nevertheless, and may crash.");
        }
        LOG.warn("{}; going on as asked", found);
    }

    /** The prebuilt packages were configured as development builds of the same source: they say {@code 0.5.0-dev}. */
    static boolean same(String pinned, String found) {
        return bare(pinned).equals(bare(found));
    }

    private static String bare(String version) {
        String number = version.startsWith("v") ? version.substring(1) : version;
        return number.endsWith("-dev") ? number.substring(0, number.length() - 4) : number;
    }

    private static String text(MemorySegment cString) {
        return cString.equals(MemorySegment.NULL) ? "" : cString.getString(0);
    }
}
