package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.kvant.llama.Backend;
import org.kvant.llama.ffi.gguf_init_params;
import org.kvant.llama.ffi.llama_h;

/** ggml's own reader. It is only shown files that ours has accepted: others may end the process. */
final class GgufOracle {
    private GgufOracle() {}

    /** Requires that ggml accepts every part and sees the same in it. */
    static void requireSame(GgufFile file, String description) throws IOException {
        Backend.load();
        for (int part = 0; part < file.parts().size(); part++) {
            requireSame(file, part, description);
        }
    }

    private static void requireSame(GgufFile file, int part, String description) {
        Path path = file.parts().get(part);
        int no = part;
        var tensors = file.tensors().stream().filter(t -> t.part() == no).toList();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = gguf_init_params.allocate(arena);
            gguf_init_params.no_alloc(params, true);
            gguf_init_params.ctx(params, MemorySegment.NULL);
            MemorySegment context = llama_h.gguf_init_from_file(arena.allocateFrom(path.toString()), params);
            assertThat(context.address())
                    .as("%s: ggml refuses what we accept", description)
                    .isNotZero();
            try {
                assertThat(llama_h.gguf_get_n_tensors(context)).as(description).isEqualTo(tensors.size());
                for (int i = 0; i < tensors.size(); i++) {
                    TensorInfo ours = tensors.get(i);
                    assertThat(llama_h.gguf_get_tensor_name(context, i).getString(0))
                            .as(description)
                            .isEqualTo(ours.name());
                    assertThat(llama_h.gguf_get_tensor_type(context, i))
                            .as(description)
                            .isEqualTo(ours.type().id());
                    assertThat(llama_h.gguf_get_tensor_size(context, i))
                            .as(description)
                            .isEqualTo(ours.bytes());
                    assertThat(llama_h.gguf_get_data_offset(context) + llama_h.gguf_get_tensor_offset(context, i))
                            .as(description)
                            .isEqualTo(file.fileOffset(ours));
                }
                if (part == 0) {
                    assertThat(llama_h.gguf_get_n_kv(context))
                            .as(description)
                            .isEqualTo(file.metadata().keys().size());
                    assertThat(llama_h.gguf_get_version(context))
                            .as(description)
                            .isEqualTo(file.version());
                    assertThat(llama_h.gguf_get_alignment(context))
                            .as(description)
                            .isEqualTo(file.alignment());
                }
            } finally {
                llama_h.gguf_free(context);
            }
        }
    }
}
