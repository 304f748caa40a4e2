package org.kvant.gguf;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Encodes everything before the tensor data: {@code gguf_write_out} in {@code gguf.cpp}. */
final class HeaderWriter {
    private HeaderWriter() {}

    /** The alignment that the metadata asks for. */
    static int alignment(Path target, Metadata metadata) throws GgufException {
        long alignment = GgufParser.DEFAULT_ALIGNMENT;
        if (metadata.has(GgufParser.ALIGNMENT_KEY)) {
            MetaValue value = metadata.asMap().get(GgufParser.ALIGNMENT_KEY);
            alignment = value instanceof MetaValue.U32(long number) ? number : 0;
        }
        if (Long.bitCount(alignment) != 1 || alignment > 1 << 30) {
            throw new GgufException(
                    target,
                    "key '" + GgufParser.ALIGNMENT_KEY + "'",
                    "must be a u32 and a power of two up to 2^30",
                    "");
        }
        return (int) alignment;
    }

    static void write(OutputStream stream, Metadata metadata, List<TensorSpec> tensors, int alignment)
            throws IOException {
        LittleEndianOutput out = new LittleEndianOutput(stream);
        out.u32(GgufParser.MAGIC);
        out.u32(GgufParser.MAX_VERSION);
        out.u64(tensors.size());
        out.u64(metadata.keys().size());
        for (Map.Entry<String, MetaValue> pair : metadata.asMap().entrySet()) {
            out.string(pair.getKey());
            out.value(pair.getValue());
        }
        long offset = 0;
        for (TensorSpec tensor : tensors) {
            long[] shape = tensor.shape();
            out.string(tensor.name());
            out.u32(shape.length);
            for (long dim : shape) {
                out.u64(dim);
            }
            out.u32(tensor.type().id());
            out.u64(offset);
            offset = Math.addExact(offset, GgufParser.padded(tensor.bytes(), alignment));
        }
        // gguf.cpp pads even when no data follows.
        out.pad(alignment);
    }
}
