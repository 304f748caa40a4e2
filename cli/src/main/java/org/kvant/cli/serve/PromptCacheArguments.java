package org.kvant.cli.serve;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.MemorySizeConverter;
import org.kvant.promptstore.PromptStoreOptions;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of {@code serve} for computed prompts in files. */
final class PromptCacheArguments {
    @Option(
            names = "--prompt-cache",
            paramLabel = "DIR",
            description = {
                "Folder for computed prompts that the KV cache has no room for. They survive a restart.",
                "A folder in memory (/dev/shm/kvant on Linux) keeps them off the disk."
            })
    private @Nullable Path folder;

    @Option(
            names = "--prompt-cache-size",
            paramLabel = "SIZE",
            converter = MemorySizeConverter.class,
            description = "Most that the files in that folder may take (default: 4GiB).")
    private @Nullable Long bytes;

    /**
     * What these ask for; null without a folder.
     *
     * @throws ParameterException if there is a size without a folder
     */
    @Nullable
    PromptStoreOptions options(CommandLine command) {
        Long size = bytes;
        if (folder == null) {
            if (size != null) {
                throw new ParameterException(command, "--prompt-cache-size needs --prompt-cache DIR");
            }
            return null;
        }
        return new PromptStoreOptions(folder, size == null ? PromptStoreOptions.DEFAULT_BYTES : size);
    }
}
