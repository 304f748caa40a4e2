package org.kvant.round;

/** Feedback column by column. */
final class ScalarFeedback extends Feedback {

    ScalarFeedback(Grid grid, UpperFactor factor, float[] weights, double clip) {
        super(grid, factor, weights, clip);
    }

    @Override
    void choose(Row row, int from, int to, int end) {
        int g = from / grid.group;
        float step = row.code.step[g];
        float offset = row.code.offset[g];
        float inverse = Grid.inverse(step);
        for (int j = from; j < to; j++) {
            int place = grid.levels.nearest((row.target(j) - offset) * inverse);
            row.code.places[j] = (byte) place;
            row.set(j, step * grid.levels.value(place) + offset, j + 1, end);
        }
    }
}
