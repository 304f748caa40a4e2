package org.kvant.codec;

import org.jspecify.annotations.Nullable;

/** What the kernels of the IQ2 and IQ3 types share: they differ in where they put what {@link CodebookSearch} finds. */
abstract class CodebookKernel implements BlockKernel {

    /** What a coordinate stands for when decoding (ggml-common.h): not quite the levels 1, 3, 5, … that the search assumes. */
    private final byte[] values;

    private final CodebookFormat format;
    private final int bytes;

    CodebookKernel(CodebookFormat format, int bytes, int... values) {
        this.format = format;
        this.bytes = bytes;
        this.values = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            this.values[i] = (byte) values[i];
        }
    }

    /** Stores a block. The scale is of the largest group; 0 if all groups are empty. */
    abstract void put(CodebookSearch found, float scale, byte[] y, int yo);

    @Override
    public final void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        encode(x, xo, y, yo, blocks, null, new CodebookSearch(format));
    }

    @Override
    public final boolean weighted() {
        return true;
    }

    @Override
    public final void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        CodebookSearch search = new CodebookSearch(format);
        int blocks = columns / SuperBlock.SIZE;
        for (int row = 0; row < rows; row++) {
            encode(x, xo + row * columns, y, yo + row * blocks * bytes, blocks, importance, search);
        }
    }

    private void encode(
            float[] x, int xo, byte[] y, int yo, int blocks, float @Nullable [] importance, CodebookSearch search) {
        for (int b = 0; b < blocks; b++) {
            float largest = search.search(x, xo + b * SuperBlock.SIZE, importance, b * SuperBlock.SIZE);
            put(search, largest, y, yo + b * bytes);
        }
    }

    /** A group's scale in the block's 31sts, as 4 bits {@code l} of {@code 2 · l + 1}. */
    static int scaleCode(float inverse, float scale) {
        return Rounding.clamp(Rounding.nearest(0.5f * (inverse * scale - 1)), 0, 15);
    }

    /** Decodes one point with its signs. */
    final void decodePoint(int index, float scale, int signs, float[] x, int xo) {
        int point = format.codebook().points()[index];
        int bits = format.codebook().bits();
        int mask = (1 << bits) - 1;
        for (int i = 0; i < format.codebook().dimensions(); i++) {
            x[xo + i] = SignBits.apply(signs, i, scale * values[point >> bits * i & mask]);
        }
    }

    @Override
    public final int[] scaleOffsets() {
        return new int[] {0};
    }
}
