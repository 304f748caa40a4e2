package org.kvant.llama.loader;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * How this operating system names the libraries. Prebuilt packages put a version before the suffix
 * ({@code libllama.v0.5.0.so}), those for another backend than the CPU also its name ({@code libllama.vulkan.v0.5.0.so}),
 * source builds put the version behind ({@code libllama.so.0.5.0}) or leave it out, so names are patterns. No pattern matches the companions whose names go on with a dash ({@code libllama-common.so},
 * {@code libggml-cpu-haswell.so}).
 */
record LibraryNames(Pattern ggmlBase, Pattern ggml, Pattern llama, Pattern plainBackend) {
    /** {@code .cuda}, {@code .vulkan}, {@code .metal}. */
    private static final String BACKEND = "(?:\\.[a-z]+)?";

    static LibraryNames ofThisSystem() {
        return of(System.getProperty("os.name", ""));
    }

    static LibraryNames of(String osName) {
        String os = osName.toLowerCase(Locale.ROOT);
        if (os.contains("windows")) {
            return names("(?:lib)?", BACKEND + "(?:\\.v[0-9.]*[0-9])?\\.dll");
        }
        if (os.contains("mac") || os.contains("darwin")) {
            return names("lib", BACKEND + "(?:\\.v?[0-9.]*[0-9])?\\.dylib");
        }
        return names("lib", BACKEND + "(?:\\.v[0-9.]*[0-9])?\\.so(?:\\.[0-9]+)*");
    }

    private static LibraryNames names(String prefix, String suffix) {
        return new LibraryNames(
                Pattern.compile(prefix + "ggml-base" + suffix, Pattern.CASE_INSENSITIVE),
                Pattern.compile(prefix + "ggml" + suffix, Pattern.CASE_INSENSITIVE),
                Pattern.compile(prefix + "llama" + suffix, Pattern.CASE_INSENSITIVE),
                Pattern.compile(prefix + "ggml-(?!base)[a-z0-9]+" + suffix, Pattern.CASE_INSENSITIVE));
    }
}
