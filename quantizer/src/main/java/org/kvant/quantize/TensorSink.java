package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The last stage: takes the output's bytes. Thread-safe; pieces come in any order, each byte once. */
interface TensorSink {
    /**
     * @param tensor its index
     * @param offset within the tensor's data, in bytes
     */
    void write(int tensor, long offset, MemorySegment bytes) throws IOException;
}
