package org.kvant.round;

/**
 * Feedback eight columns at a time (BlockLDLQ, Tseng et al. 2024): the points nearest under the diagonal are compared under the
 * whole block.
 */
final class CodebookFeedback extends Feedback {

    private final CodebookGrid codebook;
    private final UnitBlocks blocks;

    CodebookFeedback(CodebookGrid grid, UpperFactor factor, float[] weights, double clip) {
        super(grid, factor, weights, clip);
        this.codebook = grid;
        this.blocks = UnitBlocks.conditional(factor);
    }

    @Override
    void choose(Row row, int from, int to, int end) {
        PointSet set = codebook.set();
        UnitSearch search = new UnitSearch(set);
        float[] coordinates = new float[UnitSearch.UNIT];
        float[] error = new float[UnitSearch.UNIT];
        int g = from / grid.group;
        float step = row.code.step[g];
        int shifts = codebook.shifts(row.code, g);
        for (int first = from; first < to; first += UnitSearch.UNIT) {
            float[] x = row.compensated(first, UnitSearch.UNIT);
            search.search(x, 0, step, blocks.diagonals(), first, codebook.set().thorough(), UnitSearch.KEEP, shifts);
            int best = 0;
            float bestLoss = Float.POSITIVE_INFINITY;
            for (int k = 0; k < search.count; k++) {
                search.coordinates(k, coordinates);
                for (int i = 0; i < UnitSearch.UNIT; i++) {
                    error[i] = x[i] - step * coordinates[i];
                }
                float loss = blocks.quadratic(first / UnitSearch.UNIT, error);
                if (loss < bestLoss) {
                    bestLoss = loss;
                    best = k;
                }
            }
            search.store(best, row.code, first);
            search.coordinates(best, coordinates);
            int next = first + UnitSearch.UNIT;
            for (int i = 0; i < UnitSearch.UNIT; i++) {
                row.set(first + i, step * coordinates[i], next, end);
            }
        }
    }
}
