package org.kvant.llama.loader;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which native libraries to use.
 *
 * @param directory the folder that holds them; if empty, the usual places are searched
 * @param anyVersion whether to go on with a library of another version than the pinned one, at the risk of a crash
 */
public record NativeOptions(Optional<Path> directory, boolean anyVersion) {

    /** The usual places, the pinned version. */
    public static NativeOptions defaults() {
        return new NativeOptions(Optional.empty(), false);
    }

    /** This folder, the pinned version. */
    public static NativeOptions in(Path directory) {
        return new NativeOptions(Optional.of(directory), false);
    }
}
