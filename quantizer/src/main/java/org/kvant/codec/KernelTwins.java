package org.kvant.codec;

import org.kvant.gguf.GgmlType;

/** Faster twins of scalar kernels, found by {@link java.util.ServiceLoader}: what implements it may need a module that is absent at run time. */
public interface KernelTwins {
    /** The twin of a type's scalar kernel, or that kernel itself where there is none. */
    BlockKernel twin(GgmlType type, BlockKernel scalar);
}
