package org.kvant.evaluate;

/**
 * How a chunk's scored positions are cut so that a tile of logits stays within bounds: one of the reference, one of a candidate and one of
 * each model's own buffers are in memory at a time.
 *
 * @param first first scored position
 * @param end behind the last
 * @param rows positions of a tile, the last may have fewer
 */
record Tiles(int first, int end, int rows) {
    /** Bytes of a tile; a vocabulary of 262,144 tokens gets 64 rows. */
    static final long BYTES = 64L << 20;

    static Tiles of(TokenChunks chunks, int vocabulary) {
        int scored = chunks.scoredPerChunk();
        long fit = BYTES / ((long) vocabulary * Float.BYTES);
        return new Tiles(chunks.firstScored(), chunks.firstScored() + scored, (int) Math.max(1, Math.min(scored, fit)));
    }

    boolean begins(int from) {
        return from == first;
    }

    /** Behind the tile that starts at {@code from}. */
    int endOf(int from) {
        return Math.min(end, from + rows);
    }

    boolean ends(int to) {
        return to == end;
    }
}
