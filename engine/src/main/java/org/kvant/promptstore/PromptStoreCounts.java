package org.kvant.promptstore;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts what happens to a {@link PromptStore}. Thread-safe; nothing here waits. */
public final class PromptStoreCounts {
    private final AtomicLong stateBytes = new AtomicLong();
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder queriedTokens = new LongAdder();
    private final LongAdder restoredTokens = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder writtenFiles = new LongAdder();
    private final LongAdder writtenBytes = new LongAdder();
    private final LongAdder evictedFiles = new LongAdder();
    private final LongAdder readFailures = new LongAdder();
    private final LongAdder writeFailures = new LongAdder();
    private final LongAdder restoreFailures = new LongAdder();
    private final LongAdder skips = new LongAdder();

    PromptStoreCounts() {}

    /**
     * A request's beginning was looked for.
     *
     * @param tokens that it would be good for
     * @param found whether there is a file
     */
    public void lookedUp(int tokens, boolean found) {
        (found ? hits : misses).increment();
        queriedTokens.add(tokens);
    }

    /** A state was put into the KV cache, which saves a request computing so many tokens. */
    public void restored(int tokens) {
        restoredTokens.add(tokens);
    }

    /** A state that was read doesn't fit into the KV cache now. */
    public void restoreFailed() {
        restoreFailures.increment();
    }

    /** A prompt that was worth keeping wasn't {@linkplain PromptStore#accepts accepted}. */
    public void skipped() {
        skips.increment();
    }

    /** A prompt that was worth keeping could not be copied or written. */
    public void writeFailed() {
        writeFailures.increment();
    }

    void wrote(long bytes) {
        writtenFiles.increment();
        writtenBytes.add(bytes);
    }

    void read(long bytes) {
        readBytes.add(bytes);
    }

    void readFailed() {
        readFailures.increment();
    }

    void evicted(int files) {
        evictedFiles.add(files);
    }

    /** Native memory was taken for a state, or given back if negative. */
    void holdState(long bytes) {
        stateBytes.addAndGet(bytes);
    }

    PromptStoreFigures figures(long files, long fileBytes, long limitBytes, long tokenBytes) {
        return new PromptStoreFigures(
                files,
                fileBytes,
                limitBytes,
                tokenBytes,
                stateBytes.get(),
                hits.sum(),
                misses.sum(),
                queriedTokens.sum(),
                restoredTokens.sum(),
                readBytes.sum(),
                writtenFiles.sum(),
                writtenBytes.sum(),
                evictedFiles.sum(),
                readFailures.sum(),
                writeFailures.sum(),
                restoreFailures.sum(),
                skips.sum());
    }
}
