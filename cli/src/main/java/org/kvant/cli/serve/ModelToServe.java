package org.kvant.cli.serve;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.llama.KvCache;

/**
 * A model as the command line wants it served.
 *
 * @param name what requests and metrics name it by
 * @param cache what its KV cache will take
 * @param chatTemplate used instead of the model's own; null for that
 */
record ModelToServe(
        String name,
        Path file,
        EngineOptions options,
        KvCache cache,
        @Nullable String chatTemplate) {}
