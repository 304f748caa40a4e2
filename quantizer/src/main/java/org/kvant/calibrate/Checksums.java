package org.kvant.calibrate;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.ValueType;

/**
 * CRC-32C of each tensor's data, in the order of tensors, as a U32 array in a file's metadata: a flipped bit in a moment betrays itself by
 * nothing else. Thread-safe.
 */
final class Checksums {
    private final GgufFile file;

    /** Of the tensors that have not been verified yet. */
    private final Map<String, Integer> unchecked = new ConcurrentHashMap<>();

    private Checksums(GgufFile file) {
        this.file = file;
    }

    /** The value of the key in a file that is to be written. */
    static MetaArray of(List<TensorStore.Entry> entries) {
        return MetaArray.ofU32s(entries.stream()
                .mapToInt(entry -> TensorStore.checksum(entry.data().get()))
                .toArray());
    }

    /** Those of a file; it may have been written without. */
    static Checksums in(GgufFile file, String key) throws IOException {
        Checksums sums = new Checksums(file);
        if (file.metadata().has(key)) {
            MetaArray values = file.metadata().array(key);
            if (values.elementType() != ValueType.U32
                    || values.size() != file.tensors().size()) {
                throw new CalibrateException(
                        file.path() + ": is damaged: " + key + " does not have a number for each of "
                                + file.tensors().size() + " tensors; calibrate again");
            }
            long[] all = values.longs();
            for (int i = 0; i < all.length; i++) {
                sums.unchecked.put(file.tensors().get(i).name(), (int) all[i]);
            }
        }
        return sums;
    }

    /** Reads a tensor's data once to see whether they are what was written. */
    void verify(String tensor) throws CalibrateException {
        Integer expected = unchecked.get(tensor);
        if (expected == null) {
            return;
        }
        if (TensorStore.checksum(file.data(file.tensor(tensor).orElseThrow())) != expected) {
            throw new CalibrateException(file.path() + ": the data of tensor " + tensor
                    + " are not what was written; the file is damaged, calibrate again");
        }
        unchecked.remove(tensor);
    }
}
