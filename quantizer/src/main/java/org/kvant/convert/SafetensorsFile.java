package org.kvant.convert;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * One safetensors file, mapped. Layout: u64 little-endian header length, that many bytes of JSON, the tensors' bytes.
 * Every length, offset, dtype and shape is checked before a tensor is handed out; as the format demands, tensors may
 * neither overlap nor leave gaps, and must fill the file.
 */
final class SafetensorsFile {
    /** The format's own bound, https://github.com/huggingface/safetensors#format. */
    private static final long MAX_HEADER = 100_000_000;

    private static final int MAX_DIMS = 8;
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("BOOL", 8),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("F64", 64),
            Map.entry("I64", 64),
            Map.entry("U64", 64),
            Map.entry("C64", 64));

    /**
     * A tensor of a mapped file.
     *
     * @param shape outermost dimension first, as in PyTorch
     * @param data read-only, valid as long as the arena of {@link #open}
     */
    record SourceTensor(Path file, String name, String dtype, List<Long> shape, MemorySegment data) {
        long elements() {
            return shape.stream().reduce(1L, (a, b) -> a * b);
        }

        ConvertException error(String problem) {
            return new ConvertException(file + ": tensor " + name + " " + problem);
        }
    }

    private final Path file;
    private final List<SourceTensor> tensors;

    private SafetensorsFile(Path file, List<SourceTensor> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /** Maps and checks the file; the mapping lives as long as {@code arena}. */
    static SafetensorsFile open(Path file, Arena arena) throws ConvertException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            String hint = size < 1024 ? CheckpointFiles.hint(file) : "";
            if (size < 8) {
                throw new ConvertException(file + ": " + size + " bytes, too short for a safetensors file" + hint);
            }
            MemorySegment map = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            long header = map.get(U64, 0);
            if (header < 2 || header > MAX_HEADER) {
                throw new ConvertException(file + ": header length " + Long.toUnsignedString(header) + " is outside 2.."
                        + MAX_HEADER + "; not a safetensors file" + hint);
            }
            if (header > size - 8) {
                throw new ConvertException(file + ": header of " + header + " bytes in a file of " + size
                        + " bytes; the file was cut short, copy it again" + hint);
            }
            Json json = header(file, map.asSlice(8, header));
            return new SafetensorsFile(file, tensors(file, json, map.asSlice(8 + header)));
        } catch (ConvertException e) {
            throw e;
        } catch (IOException e) {
            throw new ConvertException(file + ": cannot be read: " + e, e);
        }
    }

    /** Sorted by name, the order in which llama.cpp's converter reads them. */
    List<SourceTensor> tensors() {
        return tensors;
    }

    Path file() {
        return file;
    }

    private static Json header(Path file, MemorySegment bytes) throws ConvertException {
        try {
            return Json.parse(new ByteArrayInputStream(bytes.toArray(ValueLayout.JAVA_BYTE)), 1 << 20);
        } catch (IOException e) {
            throw new ConvertException(file + ": header is not the JSON it should be: " + e.getMessage(), e);
        }
    }

    private static List<SourceTensor> tensors(Path file, Json header, MemorySegment data) throws ConvertException {
        if (!(header instanceof Json.Obj(var fields))) {
            throw new ConvertException(file + ": header is not a JSON object");
        }
        record Placed(SourceTensor tensor, long begin, long end) {}
        List<Placed> placed = new ArrayList<>();
        for (Map.Entry<String, Json> entry : fields.entrySet()) {
            if (entry.getKey().equals("__metadata__")) {
                continue;
            }
            String where = file + ": tensor " + entry.getKey() + " ";
            Json info = entry.getValue();
            String dtype = info.string("dtype").orElseThrow(() -> new ConvertException(where + "has no dtype"));
            Integer bits = BITS.get(dtype);
            if (bits == null) {
                throw new ConvertException(where + "has the unknown dtype " + dtype);
            }
            long[] shape = longs(where + "has a bad shape", info.get("shape").orElse(null));
            if (shape.length > MAX_DIMS) {
                throw new ConvertException(where + "has " + shape.length + " dimensions, at most " + MAX_DIMS);
            }
            long[] range = longs(
                    where + "has bad data_offsets", info.get("data_offsets").orElse(null));
            if (range.length != 2 || range[0] > range[1]) {
                throw new ConvertException(where + "has data_offsets " + Arrays.toString(range)
                        + ", expected [begin, end] with begin <= end");
            }
            long bytes = bytes(where, shape, bits);
            if (bytes != range[1] - range[0]) {
                throw new ConvertException(where + "of " + dtype + " " + Arrays.toString(shape) + " needs " + bytes
                        + " bytes, but its data_offsets span " + (range[1] - range[0]));
            }
            if (range[1] > data.byteSize()) {
                throw new ConvertException(where + "ends at byte " + range[1] + " of the data, which has only "
                        + data.byteSize() + "; the file was cut short, copy it again");
            }
            MemorySegment slice = data.asSlice(range[0], bytes);
            List<Long> dims = Arrays.stream(shape).boxed().toList();
            placed.add(new Placed(new SourceTensor(file, entry.getKey(), dtype, dims, slice), range[0], range[1]));
        }
        placed.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
        long at = 0;
        for (Placed p : placed) {
            if (p.begin != at) {
                throw p.tensor.error(
                        p.begin < at
                                ? "overlaps the tensor before it: it begins at byte " + p.begin + ", that one ends at "
                                        + at
                                : "leaves a gap: it begins at byte " + p.begin + ", the tensor before it ends at "
                                        + at);
            }
            at = p.end;
        }
        if (at != data.byteSize()) {
            throw new ConvertException(file + ": " + (data.byteSize() - at)
                    + " bytes after the last tensor; the file is damaged, copy it again");
        }
        // Python sorts by code point; so does this, for the characters that occur in names.
        return placed.stream()
                .map(Placed::tensor)
                .sorted(Comparator.comparing(SourceTensor::name))
                .toList();
    }

    private static long bytes(String where, long[] shape, int bits) throws ConvertException {
        try {
            long product = 1;
            for (long n : shape) {
                product = Math.multiplyExact(product, n);
            }
            return Math.ceilDiv(Math.multiplyExact(product, bits), 8L);
        } catch (ArithmeticException e) {
            throw new ConvertException(where + "has the impossible shape " + Arrays.toString(shape), e);
        }
    }

    private static long[] longs(String problem, @org.jspecify.annotations.Nullable Json value) throws ConvertException {
        if (!(value instanceof Json.Arr(var items))) {
            throw new ConvertException(problem + ": not an array");
        }
        long[] longs = new long[items.size()];
        for (int i = 0; i < longs.length; i++) {
            if (!(items.get(i) instanceof Json.Num(var _, var exact, var integer)) || !integer || exact < 0) {
                throw new ConvertException(problem + ": entry " + i + " is not a whole number of at least 0");
            }
            longs[i] = exact;
        }
        return longs;
    }
}
