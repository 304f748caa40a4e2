package org.kvant.codec.vector;

import org.kvant.codec.BlockKernel;
import org.kvant.codec.Formats;
import org.kvant.codec.KernelTwins;
import org.kvant.gguf.GgmlType;

/** Makes the twins. Calling this class needs the module {@code jdk.incubator.vector}. */
public final class VectorKernels implements KernelTwins {
    @Override
    public BlockKernel twin(GgmlType type, BlockKernel scalar) {
        return switch (type) {
            case Q4_0 -> new SignedBlockLaneKernel(4, scalar);
            case Q5_0 -> new SignedBlockLaneKernel(5, scalar);
            case Q4_1 -> new AffineBlockLaneKernel(Formats.Q4_1, scalar);
            case Q5_1 -> new AffineBlockLaneKernel(Formats.Q5_1, scalar);
            case Q8_0 -> new Q80LaneKernel(scalar);
            case IQ4_NL -> new Iq4NlLaneKernel(scalar);
            case MXFP4 -> new Fp4LaneKernel(Formats.MXFP4, scalar);
            case NVFP4 -> new Fp4LaneKernel(Formats.NVFP4, scalar);
            case IQ4_XS -> new Iq4XsLaneKernel(scalar);
            case Q2_K -> new AffineLaneKernel(Formats.Q2_K, scalar);
            case Q4_K -> new AffineLaneKernel(Formats.Q4_K, scalar);
            case Q5_K -> new AffineLaneKernel(Formats.Q5_K, scalar);
            case Q3_K -> new SignedLaneKernel(Formats.Q3_K, scalar);
            case Q6_K -> new SignedLaneKernel(Formats.Q6_K, scalar);
            default -> scalar;
        };
    }
}
