package org.kvant.network;

/** A loss of one token's logits. Called by many threads at once, each with other rows. */
@FunctionalInterface
interface RowLoss {

    /**
     * Turns logits into dL/dlogits.
     *
     * @param row of the tile
     * @param logits the row begins at {@code at}
     * @param scratch as long as the vocabulary
     * @return the loss
     */
    double apply(int row, float[] logits, int at, float[] scratch);
}
