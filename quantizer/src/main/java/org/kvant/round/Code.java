package org.kvant.round;

/**
 * One row in some type's terms: {@code value[j] = step[g] · level[place[j]] + offset[g]}, g being the group of column j. Steps and
 * offsets follow from what is stored: d and dmin, F16 or an exponent, of each block, and the integers s and m of each group.
 */
final class Code {

    /** Places in the type's {@link Levels}, as unsigned bytes. */
    final byte[] places;

    /** F16 bits of each block. */
    final short[] d;

    final short[] dmin;

    /** Integers of each group. */
    final short[] s;

    final short[] m;

    /** What multiplies levels, and what is added, of each group. */
    final float[] step;

    final float[] offset;

    Code(int columns, int group, int block) {
        places = new byte[columns];
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
     * The same code with its columns in another order, in which groups and blocks stay together.
     *
     * @param order which column of this code stands at each place of the result
     */
    Code permuted(int[] order, int group, int block) {
        Code result = new Code(places.length, group, block);
        for (int j = 0; j < order.length; j++) {
            result.places[j] = places[order[j]];
        }
        for (int g = 0; g < s.length; g++) {
            int from = order[g * group] / group;
            result.s[g] = s[from];
            result.m[g] = m[from];
            result.step[g] = step[from];
            result.offset[g] = offset[from];
        }
        for (int b = 0; b < d.length; b++) {
            int from = order[b * block] / block;
            result.d[b] = d[from];
            result.dmin[b] = dmin[from];
        }
        return result;
    }
}
