package org.kvant.llama.attention;

import static org.kvant.llama.attention.TensorFields.data;
import static org.kvant.llama.attention.TensorFields.size;
import static org.kvant.llama.attention.TensorFields.source;
import static org.kvant.llama.attention.TensorFields.stride;

import java.util.HashMap;
import java.util.Map;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.library.CellListener;
import org.kvant.llama.library.NativeMemory;

/**
 * The tensors of keys of a cache in which each sequence has a buffer of its own ({@code llama_kv_cache}: width, cells, streams), and which of their cells
 * are copies of each other. Values are written and copied along with the keys. What happens to the cache is told by the memory and by a graph's nodes
 * before they are computed, all on the context's thread.
 */
final class CacheTensors implements CellListener {
    private static final int CELLS = 1;
    private static final int STREAMS = 2;

    private final int sequences;
    /** By the address of the tensor's struct. Values have theirs as well, since nothing tells them from keys when they are written. */
    private final Map<Long, Tensor> tensors = new HashMap<>();

    /** @param sequences of the context */
    CacheTensors(int sequences) {
        this.sequences = sequences;
    }

    private static final class Tensor {
        final CellCopies copies;
        final long streamBytes;

        Tensor(int streams, int cells, long streamBytes) {
            this.copies = new CellCopies(streams, cells);
            this.streamBytes = streamBytes;
        }
    }

    /** A {@code SET_ROWS} node is going to be computed. */
    void written(long node) {
        long root = view(node);
        if (root == 0 || sequences < 2 || size(root, STREAMS) != sequences || size(root, STREAMS + 1) != 1) {
            return;
        }
        Tensor tensor = tensors.computeIfAbsent(
                root, _ -> new Tensor(sequences, (int) size(root, CELLS), stride(root, STREAMS)));
        long rows = source(node, 1);
        long count = size(rows, 0);
        long numbers = data(rows);
        boolean wide = stride(rows, 0) == Long.BYTES;
        for (long i = 0; i < count; i++) {
            tensor.copies.written(
                    wide
                            ? NativeMemory.getLong(numbers + i * Long.BYTES)
                            : NativeMemory.getInt(numbers + i * Integer.BYTES));
        }
    }

    /**
     * An attention node, or one that was, is going to be computed, after all that is written before.
     *
     * @return what its streams have in common
     */
    SharedCells read(long node) {
        long keys = source(node, 1);
        int streams = (int) size(keys, 3);
        Tensor tensor = tensors.get(view(keys));
        if (tensor == null) {
            return SharedCells.none(streams);
        }
        long first = NativeMemory.getLong(keys + ggml_tensor.view_offs$offset()) / tensor.streamBytes;
        return tensor.copies.shared((int) first, streams, (int) size(keys, 1));
    }

    @Override
    public void copied(int from, int to) {
        tensors.values().forEach(tensor -> tensor.copies.copied(from, to));
    }

    @Override
    public void rewritten(int sequence) {
        tensors.values().forEach(tensor -> tensor.copies.rewritten(sequence));
    }

    private static long view(long tensor) {
        return NativeMemory.getLong(tensor + ggml_tensor.view_src$offset());
    }
}
