package org.kvant.llama.loader;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides which folder of libraries is used. The first that is named wins and must hold the libraries: the caller's, the
 * system property {@code kvant.native.dir}, the environment's {@code KVANT_NATIVE_DIR}. When none is named, the places
 * of a distribution are tried in turn.
 */
final class LibrarySearch {
    static final String PROPERTY = "kvant.native.dir";
    static final String VARIABLE = "KVANT_NATIVE_DIR";
    static final String HOME_PROPERTY = "kvant.home";

    /** The three libraries of one folder, in the order in which they must be loaded. */
    record Found(Path directory, Path ggmlBase, Path ggml, Path llama) {}

    private final LibraryNames names;
    private final List<String> tried = new ArrayList<>();

    LibrarySearch(LibraryNames names) {
        this.names = names;
    }

    Found search(@Nullable Path explicit) {
        if (explicit != null) {
            return named(explicit, "given by the caller");
        }
        String property = System.getProperty(PROPERTY, "");
        if (!property.isBlank()) {
            return named(Path.of(property), "from -D" + PROPERTY);
        }
        String variable = System.getenv(VARIABLE);
        if (variable != null && !variable.isBlank()) {
            return named(Path.of(variable), "from " + VARIABLE);
        }
        for (Path directory : distributionPlaces()) {
            Optional<Found> found = in(directory, "");
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw notFound("the llama.cpp libraries were not found");
    }

    private Found named(Path directory, String origin) {
        return in(directory, " (" + origin + ")")
                .orElseThrow(() -> notFound("the folder named for the llama.cpp libraries does not hold them"));
    }

    private NativeLoadException notFound(String what) {
        return new NativeLoadException(what + ". Tried:\n  " + String.join("\n  ", tried)
                + "\nRun 'make native' in the source tree, or name a folder with " + VARIABLE + ", or -D" + PROPERTY
                + ".");
    }

    private static List<Path> distributionPlaces() {
        List<Path> homes = new ArrayList<>();
        String home = System.getProperty(HOME_PROPERTY, "");
        if (!home.isBlank()) {
            homes.add(Path.of(home));
        }
        homeOfJar().ifPresent(homes::add);
        List<Path> places = new ArrayList<>();
        for (Path h : homes) {
            places.add(h.resolve("native").resolve("lib").resolve("current"));
            places.add(h.resolve("native"));
        }
        return places;
    }

    /** A distribution keeps its jars in {@code <home>/lib}. */
    private static Optional<Path> homeOfJar() {
        try {
            var source = LibrarySearch.class.getProtectionDomain().getCodeSource();
            if (source == null || source.getLocation() == null) {
                return Optional.empty();
            }
            Path jar = Path.of(source.getLocation().toURI());
            Path folder = jar.getParent();
            return folder == null ? Optional.empty() : Optional.ofNullable(folder.getParent());
        } catch (URISyntaxException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Optional<Found> in(Path given, String origin) {
        Path directory = given.toAbsolutePath().normalize();
        if (!Files.isDirectory(directory)) {
            tried.add(directory + origin + ": no such folder");
            return Optional.empty();
        }
        List<Path> files;
        try (Stream<Path> list = Files.list(directory)) {
            files = list.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            tried.add(directory + origin + ": cannot be read: " + e.getMessage());
            return Optional.empty();
        }
        Optional<Path> base = pick(files, names.ggmlBase());
        Optional<Path> ggml = pick(files, names.ggml());
        Optional<Path> llama = pick(files, names.llama());
        if (base.isPresent() && ggml.isPresent() && llama.isPresent()) {
            return Optional.of(new Found(directory, base.get(), ggml.get(), llama.get()));
        }
        List<String> missing = new ArrayList<>();
        note(missing, base, names.ggmlBase());
        note(missing, ggml, names.ggml());
        note(missing, llama, names.llama());
        tried.add(directory + origin + ": nothing matches " + String.join(", ", missing));
        return Optional.empty();
    }

    private static void note(List<String> missing, Optional<Path> found, Pattern pattern) {
        if (found.isEmpty()) {
            missing.add(pattern.pattern());
        }
    }

    /** A source build leaves links beside the file ({@code libllama.so -> libllama.so.0 -> ...}): the shortest name is the one to use. */
    static Optional<Path> pick(List<Path> files, Pattern name) {
        return files.stream()
                .filter(f -> name.matcher(f.getFileName().toString()).matches())
                .min(Comparator.comparingInt(
                                (Path f) -> f.getFileName().toString().length())
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Backends in the folder that have one build only ({@code libggml-cpu.so}), which a library may have been linked against. */
    List<Path> plainBackends(Path directory) {
        try (Stream<Path> list = Files.list(directory)) {
            return list.filter(f -> names.plainBackend()
                            .matcher(f.getFileName().toString())
                            .matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
