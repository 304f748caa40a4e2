package org.kvant.llama.library;

/** Is told what becomes of a cache's cells besides what graphs write, on the context's thread and before the next graph is computed. */
public interface CellListener {
    /** A sequence's cells are going to be copied to another's. */
    void copied(int from, int to);

    /** Any of a sequence's cells may change. */
    void rewritten(int sequence);
}
