package org.kvant.round;

/** Descent eight columns at a time: the points near the unit's minimum are compared under the whole block of H. */
final class CodebookDescent extends Descent {

    private final CodebookGrid codebook;
    private final UnitBlocks blocks;
    private final UnitSearch search;
    private final float[] target = new float[UnitSearch.UNIT];
    private final float[] coordinates = new float[UnitSearch.UNIT];
    private final float[] change = new float[UnitSearch.UNIT];

    /** @param blocks those of H */
    CodebookDescent(CodebookGrid grid, Hessian h, boolean refit, UnitBlocks blocks) {
        super(grid, h, refit);
        this.codebook = grid;
        this.blocks = blocks;
        this.search = new UnitSearch(grid.set());
    }

    /** One pass is enough: a unit's columns are chosen together. */
    @Override
    boolean improve(Strip strip, int c0) {
        Code code = strip.code;
        float[] values = strip.values;
        float[] g = strip.g;
        for (int first = c0; first < c0 + STRIP; first += UnitSearch.UNIT) {
            int group = first / grid.group;
            int local = first - strip.block;
            int unit = first / UnitSearch.UNIT;
            float step = code.step[group];
            float[] inverse = blocks.inverses()[unit];
            for (int i = 0; i < UnitSearch.UNIT; i++) {
                float move = 0;
                for (int k = 0; k < UnitSearch.UNIT; k++) {
                    move += inverse[i * UnitSearch.UNIT + k] * g[local + k];
                }
                target[i] = values[first + i] + move;
            }
            search.search(
                    target,
                    0,
                    step,
                    blocks.diagonals(),
                    first,
                    codebook.set().thorough(),
                    UnitSearch.KEEP,
                    codebook.shifts(code, group));
            int best = -1;
            float bestLoss = 0;
            for (int k = 0; k < search.count; k++) {
                search.coordinates(k, coordinates);
                float linear = 0;
                for (int i = 0; i < UnitSearch.UNIT; i++) {
                    change[i] = step * coordinates[i] - values[first + i];
                    linear += 2 * change[i] * g[local + i];
                }
                float quadratic = blocks.quadratic(unit, change);
                float loss = quadratic - linear;
                if (loss < bestLoss && -loss > Strip.RELATIVE_GAIN * (Math.abs(linear) + quadratic)) {
                    bestLoss = loss;
                    best = k;
                }
            }
            if (best >= 0) {
                search.store(best, code, first);
                search.coordinates(best, coordinates);
                for (int i = 0; i < UnitSearch.UNIT; i++) {
                    strip.set(local + i, step * coordinates[i]);
                }
            }
        }
        return false;
    }
}
