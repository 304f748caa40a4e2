package org.kvant.codec;

/** The super-block layouts. */
public final class Formats {

    public static final AffineFormat Q2_K = new Q2KFormat();
    public static final SignedFormat Q3_K = new Q3KFormat();
    public static final AffineFormat Q4_K = Q45KFormat.q4k();
    public static final AffineFormat Q5_K = Q45KFormat.q5k();
    public static final SignedFormat Q6_K = new Q6KFormat();

    /** The weighted searches of Q4_1 and Q5_1. */
    public static final AffineSearch Q4_1 = new AffineSearch(32, 15, -0.9f, 0.05f, 36, false);

    public static final AffineSearch Q5_1 = new AffineSearch(32, 31, -0.9f, 0.05f, 36, false);

    public static final Fp4.Format MXFP4 = new Mxfp4Kernel();
    public static final Fp4.Format NVFP4 = new Nvfp4Kernel();

    private Formats() {}
}
