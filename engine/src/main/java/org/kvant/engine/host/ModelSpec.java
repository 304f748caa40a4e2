package org.kvant.engine.host;

import java.nio.file.Path;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;

/**
 * A model that can be loaded.
 *
 * @param name what requests name it by
 * @param file its GGUF file
 * @param listener hears of it from the first loading on, however often it is loaded
 * @param quota steps that it may take before other models get their turn, at least 1
 */
public record ModelSpec(String name, Path file, EngineOptions options, EngineListener listener, int quota) {
    /** @throws IllegalArgumentException if the name is empty or the quota is under 1 */
    public ModelSpec {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a model's name must not be empty: " + file);
        }
        if (quota < 1) {
            throw new IllegalArgumentException(
                    "the quota of model '" + name + "' must be at least 1 step, not " + quota);
        }
    }

    /** One step a turn. */
    public static ModelSpec of(String name, Path file, EngineOptions options, EngineListener listener) {
        return new ModelSpec(name, file, options, listener, 1);
    }
}
