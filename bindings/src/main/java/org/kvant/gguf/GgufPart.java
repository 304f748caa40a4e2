package org.kvant.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * One parsed and validated file.
 *
 * @param segment the whole file, mapped
 * @param dataOffset where the data section begins, in bytes from the start of the file
 */
record GgufPart(
        Path path,
        MemorySegment segment,
        int version,
        int alignment,
        Metadata metadata,
        List<TensorInfo> tensors,
        long dataOffset) {}
