package org.kvant.codec;

/**
 * What sets the five types of IQ2 and IQ3 apart as their encoders go ({@code quantize_row_iq2_xxs_impl} and its sisters in
 * ggml-quants.c): magnitudes {@code scale · (2 · coordinate + 1)}, with the signs beside.
 *
 * @param codebook where the magnitudes of 8 or 4 values come from
 * @param group values under one scale
 * @param evenSigns whether each eight values have an even number of minuses, so that seven bits tell their signs
 * @param fittedStart whether candidates start from a fitted scale instead of the largest magnitude
 * @param candidates scales tried on each side of the first
 * @param step what each candidate changes in the largest level
 * @param epsilon groups whose largest magnitude is below this count as zero
 * @param energy what times the mean square is added to a value's square in its weight
 * @param refitAll whether all points are chosen anew for the best scale, not only those that were off the codebook
 */
record CodebookFormat(
        Codebook codebook,
        int group,
        boolean evenSigns,
        boolean fittedStart,
        int candidates,
        float step,
        float epsilon,
        float energy,
        boolean refitAll) {

    static final CodebookFormat IQ2_XXS =
            new CodebookFormat(Codebook.IQ2_XXS, 32, true, true, 6, 0.1f, Rounding.GROUP_MAX_EPS, 1, true);
    static final CodebookFormat IQ2_XS =
            new CodebookFormat(Codebook.IQ2_XS, 16, true, false, 9, 0.1f, Rounding.GROUP_MAX_EPS, 1, false);
    static final CodebookFormat IQ2_S = new CodebookFormat(Codebook.IQ2_S, 16, false, false, 9, 0.1f, 1e-8f, 2, false);
    static final CodebookFormat IQ3_XXS =
            new CodebookFormat(Codebook.IQ3_XXS, 32, true, false, 15, 0.2f, 1e-8f, 2, false);
    /** Only a group of zeros is empty: the smallest positive float is the bound. */
    static final CodebookFormat IQ3_S =
            new CodebookFormat(Codebook.IQ3_S, 32, false, false, 9, 0.2f, Float.MIN_VALUE, 2, true);

    /** Groups in a super-block. */
    int groups() {
        return SuperBlock.SIZE / group;
    }

    /** Points in a group. */
    int points() {
        return group / codebook.dimensions();
    }

    /** The largest level: 5 or 15. */
    int largestLevel() {
        return codebook.bits() == 2 ? 5 : 15;
    }
}
