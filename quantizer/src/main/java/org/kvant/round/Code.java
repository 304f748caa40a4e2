package org.kvant.round;

/**
 * One row in some type's terms: {@code value[j] = step[g] · level[place[j]] + offset[g]}, g being the group of column j; or with a
 * codebook, {@code step[g] · coordinate}. Steps and offsets follow from what is stored: d and dmin, F16 or an exponent, of each
 * block, and the integers s and m of each group.
 */
final class Code {

    /** Places in the type's {@link Levels}, as unsigned bytes. */
    final byte[] places;

    /** With a codebook, the indices of points, and instead of places. */
    final short[] points;

    /** With a codebook, of each eight columns, their signs as bits or their shift. */
    final byte[] signs;

    /** F16 bits of each block. */
    final short[] d;

    final short[] dmin;

    /** Integers of each group. */
    final short[] s;

    final short[] m;

    /** What multiplies levels, and what is added, of each group. */
    final float[] step;

    final float[] offset;

    /** @param dimensions columns of a codebook's point; 0 without codebook */
    Code(int columns, int group, int block, int dimensions) {
        places = new byte[dimensions == 0 ? columns : 0];
        points = new short[dimensions == 0 ? 0 : columns / dimensions];
        signs = new byte[dimensions == 0 ? 0 : columns / 8];
        d = new short[columns / block];
        dmin = new short[columns / block];
        s = new short[columns / group];
        m = new short[columns / group];
        step = new float[columns / group];
        offset = new float[columns / group];
    }

    /** Takes over everything from a code of the same shape. */
    void set(Code other) {
        System.arraycopy(other.places, 0, places, 0, places.length);
        System.arraycopy(other.points, 0, points, 0, points.length);
        System.arraycopy(other.signs, 0, signs, 0, signs.length);
        System.arraycopy(other.d, 0, d, 0, d.length);
        System.arraycopy(other.dmin, 0, dmin, 0, dmin.length);
        setScales(other, 0, s.length);
    }

    /** Takes over the scales of the groups [from, to). */
    void setScales(Code other, int from, int to) {
        System.arraycopy(other.s, from, s, from, to - from);
        System.arraycopy(other.m, from, m, from, to - from);
        System.arraycopy(other.step, from, step, from, to - from);
        System.arraycopy(other.offset, from, offset, from, to - from);
    }

    int place(int column) {
        return places[column] & 0xff;
    }

    /**
     * Sets this to the same code with its columns in another order, in which groups and blocks stay together.
     *
     * @param order which column of the other code stands at each place
     */
    void setPermuted(Code other, int[] order) {
        int columns = order.length;
        for (int j = 0; j < places.length; j++) {
            places[j] = other.places[order[j]];
        }
        for (int u = 0; u < signs.length; u++) {
            signs[u] = other.signs[order[8 * u] / 8];
        }
        for (int p = 0; p < points.length; p++) {
            int dimensions = columns / points.length;
            points[p] = other.points[order[p * dimensions] / dimensions];
        }
        for (int g = 0; g < s.length; g++) {
            int group = columns / s.length;
            int from = order[g * group] / group;
            s[g] = other.s[from];
            m[g] = other.m[from];
            step[g] = other.step[from];
            offset[g] = other.offset[from];
        }
        for (int b = 0; b < d.length; b++) {
            int block = columns / d.length;
            int from = order[b * block] / block;
            d[b] = other.d[from];
            dmin[b] = other.dmin[from];
        }
    }
}
