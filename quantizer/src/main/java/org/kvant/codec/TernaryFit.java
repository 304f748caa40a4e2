package org.kvant.codec;

/**
 * TQ1_0 and TQ2_0: for n values other than 0 those of largest magnitude are the best, and the best scale is their weighted mean
 * magnitude; the best n is found by trying all.
 */
final class TernaryFit implements BlockFit {

    /** Stores a block. */
    interface Layout {
        /** @param codes 0, 1 or 2 for −d, 0 and d */
        void put(byte[] codes, float d, byte[] y, int yo);
    }

    private final Layout layout;
    private final LevelOrder order = new LevelOrder(SuperBlock.SIZE);
    private final byte[] codes = new byte[SuperBlock.SIZE];

    TernaryFit(Layout layout) {
        this.layout = layout;
    }

    @Override
    public boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo) {
        for (int i = 0; i < SuperBlock.SIZE; i++) {
            order.set(i, Math.abs(x[xo + i]), i);
        }
        order.sort(SuperBlock.SIZE);
        double sum = 0;
        double sumW = 0;
        double best = 0;
        double d = 0;
        for (int j = SuperBlock.SIZE - 1; j >= 0; j--) {
            int i = order.item(j);
            sum += (double) weights[i] * Math.abs(x[xo + i]);
            sumW += weights[i];
            if (sumW > 0 && sum * sum > best * sumW) {
                d = sum / sumW;
                best = d * sum;
            }
        }
        float stored = Float.float16ToFloat(Float.floatToFloat16((float) d));
        for (int i = 0; i < SuperBlock.SIZE; i++) {
            float v = x[xo + i];
            codes[i] = (byte) (Math.abs(v) <= stored / 2 ? 1 : v < 0 ? 0 : 2);
        }
        layout.put(codes, stored, y, yo);
        return true;
    }
}
