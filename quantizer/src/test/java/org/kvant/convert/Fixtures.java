package org.kvant.convert;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The checkpoints, golden digests and golden tokens; the README beside them says how they were made. */
final class Fixtures {
    private Fixtures() {}

    /** The folder of a checkpoint; "demo" is the project's own model. */
    static Path checkpoint(String name) {
        return name.equals("demo")
                ? Path.of(Objects.requireNonNull(System.getProperty("kvant.root")), "models", "demo")
                : resource("checkpoints/" + name);
    }

    static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(Fixtures.class.getResource(name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Json json(String name) {
        try (InputStream in = Files.newInputStream(resource(name))) {
            return Json.parse(in, 1 << 20);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Json> items(Json array) {
        return ((Json.Arr) array).items();
    }

    /** Copies a checkpoint's files into a folder of the same name, to be damaged there. */
    static Path copy(String name, Path into) throws IOException {
        Path target = Files.createDirectories(into.resolve(name));
        try (Stream<Path> files = Files.list(checkpoint(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return target;
    }
}
