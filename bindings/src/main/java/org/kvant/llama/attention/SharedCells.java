package org.kvant.llama.attention;

/**
 * Which of a task's streams have the same first cells, so that these need to be read only once. The arrays are not to be changed.
 *
 * @param order the streams, those of a group next to each other
 * @param ends of the groups in {@code order}, exclusive
 * @param cells that the streams of each group have in common; 0 for a group of one
 */
public record SharedCells(int[] order, int[] ends, int[] cells) {

    /** Every stream is a group of its own. */
    public static SharedCells none(int streams) {
        int[] order = new int[streams];
        int[] ends = new int[streams];
        for (int stream = 0; stream < streams; stream++) {
            order[stream] = stream;
            ends[stream] = stream + 1;
        }
        return new SharedCells(order, ends, new int[streams]);
    }

    public int groups() {
        return ends.length;
    }

    /** Where a group begins in {@link #order}. */
    public int begin(int group) {
        return group == 0 ? 0 : ends[group - 1];
    }

    /** Whether there is a group of several streams. */
    public boolean any() {
        return ends.length < order.length;
    }
}
