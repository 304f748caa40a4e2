package org.kvant.quantize;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;

/** The output's metadata: the input's, with the changes and in the order that llama-quantize makes them. */
final class OutputMetadata {
    /** ggml.h, {@code GGML_QNT_VERSION}. */
    private static final int QUANTIZATION_VERSION = 2;

    /** Longest string that llama-quantize's overrides hold, in bytes. */
    private static final int MAX_STRING = 127;

    private final Metadata.Builder out;

    private OutputMetadata(Metadata.Builder out) {
        this.out = out;
    }

    /** @param fileType see {@link FileType} */
    static Metadata of(Metadata source, long fileType, List<KvOverride> overrides, @Nullable Imatrix imatrix) {
        OutputMetadata metadata = new OutputMetadata(source.toBuilder());
        metadata.append("general.quantization_version", new MetaValue.U32(QUANTIZATION_VERSION));
        metadata.append("general.file_type", new MetaValue.U32(fileType));
        metadata.out.remove("split.no").remove("split.count").remove("split.tensors.count");
        overrides.forEach(override -> metadata.append(override.key(), override.value()));
        if (imatrix != null) {
            metadata.append("quantize.imatrix.file", string(imatrix.file()));
            if (!imatrix.datasets().isEmpty()) {
                metadata.append(
                        "quantize.imatrix.dataset", string(imatrix.datasets().getFirst()));
            }
            metadata.append("quantize.imatrix.entries_count", new MetaValue.U32(imatrix.size()));
            if (imatrix.chunks() > 0) {
                metadata.append("quantize.imatrix.chunks_count", new MetaValue.U32(imatrix.chunks()));
            }
        }
        return metadata.out.build();
    }

    /** Sets a value as {@code gguf_set_val} does: at the end, even if the key had a place before. */
    private void append(String key, MetaValue value) {
        out.remove(key).put(key, value);
    }

    private static MetaValue string(Path path) {
        return string(path.toString());
    }

    private static MetaValue string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return MetaValue.Str.ofBytes(Arrays.copyOf(bytes, Math.min(bytes.length, MAX_STRING)));
    }
}
