package org.kvant.llama;

/** What came of a decode that did not fail; failures are {@link DecodeException}. */
public sealed interface DecodeResult {

    /** The batch is in memory and its logits can be read. */
    record Ok() implements DecodeResult {}

    /** No room for the batch in the cache; the memory is as it was before. Free some cells, or decode a smaller batch. */
    record NoSlot() implements DecodeResult {}

    /**
     * {@link Context#requestAbort} stopped it. Micro-batches already computed stay in memory; the rest of the batch does
     * not: ask {@link Memory#maxPosition} of each sequence.
     */
    record Aborted() implements DecodeResult {}
}
