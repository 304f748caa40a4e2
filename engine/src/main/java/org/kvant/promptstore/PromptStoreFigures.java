package org.kvant.promptstore;

/**
 * What a {@link PromptStore} holds and has done since it was opened. Tokens and states are in this process' memory, files are not.
 *
 * @param files stored prompts
 * @param fileBytes of all files
 * @param limitBytes what they may take together
 * @param tokenBytes memory for the tokens of all files
 * @param stateBytes native memory for states on their way to or from files
 * @param hits requests for whose beginning a file was found
 * @param misses requests for whose beginning none was, though it is long enough for one
 * @param queriedTokens tokens of those requests that the KV cache didn't have
 * @param restoredTokens how many of them needn't be computed, thanks to files
 * @param readBytes of states that were read
 * @param writtenFiles files that were written
 * @param writtenBytes bytes of those
 * @param evictedFiles files that were removed to make room for others
 * @param readFailures files that were gone, damaged or another model's; they are removed
 * @param writeFailures prompts that could not be written or copied
 * @param restoreFailures states that were read and didn't fit into the KV cache then
 * @param skips prompts that weren't kept because they are too large for the store or too many waited to be written
 */
public record PromptStoreFigures(
        long files,
        long fileBytes,
        long limitBytes,
        long tokenBytes,
        long stateBytes,
        long hits,
        long misses,
        long queriedTokens,
        long restoredTokens,
        long readBytes,
        long writtenFiles,
        long writtenBytes,
        long evictedFiles,
        long readFailures,
        long writeFailures,
        long restoreFailures,
        long skips) {
    /** Of a store that isn't there. */
    public static final PromptStoreFigures NONE =
            new PromptStoreFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
