package org.kvant.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses one mapped file and checks everything that {@code gguf_init_from_reader} in {@code gguf.cpp} and the loader in
 * {@code llama-model-loader.cpp} check, and what they leave to luck. A file that passes is accepted by them too.
 *
 * <pre>
 * magic "GGUF" | version u32 | tensors i64 | pairs i64
 * pairs   × { key string | type i32 | value }          array value: element type i32 | count u64 | elements
 * tensors × { name string | dims u32 | dim i64 × dims | type i32 | offset u64 }
 * padding to general.alignment | tensor data, each padded
 * </pre>
 */
final class GgufParser {
    static final int MAGIC = 0x46554747;
    static final int MIN_VERSION = 2;
    static final int MAX_VERSION = 3;
    static final int DEFAULT_ALIGNMENT = 32;
    static final String ALIGNMENT_KEY = "general.alignment";

    /** The largest real headers (vocabularies of 262,144 tokens with merges) are near 20 MB. */
    private static final long MAX_HEADER_BYTES = 512L << 20;
    /** ggml compares names pairwise: beyond this, loading takes minutes to hours. The largest real models have some ten thousand tensors. */
    private static final int MAX_NAMES = 65_535;

    private static final int MIN_PAIR_BYTES = 8 + 1 + 4 + 1;
    private static final int MIN_TENSOR_BYTES = 8 + 1 + 4 + 4 + 8;

    private final Path file;
    private final MemorySegment segment;
    private final int part;
    private final Cursor in;

    private GgufParser(Path file, MemorySegment segment, int part) {
        this.file = file;
        this.segment = segment;
        this.part = part;
        this.in = new Cursor(file, segment, MAX_HEADER_BYTES);
    }

    static GgufPart parse(Path file, MemorySegment segment, int part) throws GgufException {
        return new GgufParser(file, segment, part).parse();
    }

    private GgufPart parse() throws GgufException {
        in.context("header");
        int version = header();
        int tensorCount = count("tensors", in.i64("tensor count"), MIN_TENSOR_BYTES);
        int pairCount = count("key-value pairs", in.i64("pair count"), MIN_PAIR_BYTES);
        Metadata metadata = pairs(pairCount);
        int alignment = alignment(metadata);
        List<TensorInfo> tensors = tensors(tensorCount, alignment);
        in.context("");
        long dataOffset = padded(in.position(), alignment);
        checkData(tensors, dataOffset);
        return new GgufPart(file, segment, version, alignment, metadata, tensors, dataOffset);
    }

    private int header() throws GgufException {
        int magic = in.i32("magic number");
        if (magic != MAGIC) {
            throw in.at(
                    0,
                    magic == Integer.reverseBytes(MAGIC)
                            ? "the magic number is byte-swapped: a big-endian file"
                            : String.format(
                                    "not a GGUF file: it begins with %08X instead of \"GGUF\"",
                                    Integer.reverseBytes(magic)),
                    "Give a .gguf file; a checkpoint folder must be converted first");
        }
        int version = in.i32("version");
        if (version != 0 && (version & 0xFFFF) == 0) {
            throw in.at(
                    4,
                    "a big-endian file (version " + Integer.reverseBytes(version) + " byte-swapped)",
                    "Only little-endian files are supported: convert it with llama.cpp's gguf_convert_endian.py");
        }
        if (version == 1) {
            throw in.at(4, "GGUF version 1 is no longer supported by ggml", "Convert the original checkpoint again");
        }
        if (version < MIN_VERSION || version > MAX_VERSION) {
            throw in.at(
                    4,
                    "unknown GGUF version " + Integer.toUnsignedString(version) + "; versions 2 and 3 are supported",
                    "The file is corrupt, or made for a newer ggml than this program's");
        }
        return version;
    }

    private int count(String what, long count, int minBytes) throws GgufException {
        in.checkCount(count, minBytes, "list of " + what);
        if (count > MAX_NAMES) {
            throw in.corrupt(
                    in.position() - 8, count + " " + what + " are more than the " + MAX_NAMES + " that are supported");
        }
        return (int) count;
    }

    private Metadata pairs(int count) throws GgufException {
        LinkedHashMap<String, MetaValue> values = new LinkedHashMap<>(count * 2);
        for (int i = 0; i < count; i++) {
            in.context("key-value pair " + i);
            long start = in.position();
            String key = in.text("key", Metadata.Builder.MAX_KEY_BYTES);
            if (key.isEmpty() || key.indexOf('\0') >= 0) {
                throw in.corrupt(start, key.isEmpty() ? "the key is empty" : "the key contains a zero byte");
            }
            in.context("key '" + key + "'");
            if (values.containsKey(key)) {
                throw in.corrupt(start, "the key occurs twice");
            }
            values.put(key, value(type()));
        }
        return Metadata.of(values, file);
    }

    private ValueType type() throws GgufException {
        long start = in.position();
        int id = in.i32("value type");
        Optional<ValueType> type = ValueType.ofId(id);
        if (type.isEmpty()) {
            throw in.corrupt(start, "unknown value type " + id);
        }
        return type.get();
    }

    private MetaValue value(ValueType type) throws GgufException {
        String what = type.ggufName();
        return switch (type) {
            case U8 -> new MetaValue.U8(in.u8(what));
            case I8 -> new MetaValue.I8((byte) in.u8(what));
            case U16 -> new MetaValue.U16(in.i16(what) & 0xFFFF);
            case I16 -> new MetaValue.I16(in.i16(what));
            case U32 -> new MetaValue.U32(in.i32(what) & 0xFFFF_FFFFL);
            case I32 -> new MetaValue.I32(in.i32(what));
            case F32 -> new MetaValue.F32(Float.intBitsToFloat(in.i32(what)));
            case BOOL -> bool();
            case STRING -> MetaValue.Str.ofBytes(in.bytes("string"));
            case ARRAY -> array();
            case U64 -> new MetaValue.U64(in.i64(what));
            case I64 -> new MetaValue.I64(in.i64(what));
            case F64 -> new MetaValue.F64(Double.longBitsToDouble(in.i64(what)));
        };
    }

    private MetaValue bool() throws GgufException {
        // ggml takes any byte but 0 for true; the specification calls such a file invalid.
        return in.numbers(ValueType.BOOL, 1).get(0);
    }

    private MetaArray array() throws GgufException {
        long start = in.position();
        ValueType elementType = type();
        if (elementType == ValueType.ARRAY) {
            throw in.corrupt(start, "an array of arrays; ggml refuses nested arrays");
        }
        long count = in.i64("array length");
        return elementType == ValueType.STRING ? in.strings(count) : in.numbers(elementType, count);
    }

    private int alignment(Metadata metadata) throws GgufException {
        Optional<MetaValue> value = metadata.get(ALIGNMENT_KEY);
        if (value.isEmpty()) {
            return DEFAULT_ALIGNMENT;
        }
        in.context("key '" + ALIGNMENT_KEY + "'");
        if (!(value.get() instanceof MetaValue.U32(long alignment))) {
            throw in.corrupt(
                    in.position(), "must be u32 but is " + value.get().type().ggufName());
        }
        if (Long.bitCount(alignment) != 1 || alignment > 1 << 30) {
            throw in.corrupt(in.position(), alignment + " is not a power of two up to 2^30");
        }
        return (int) alignment;
    }

    private List<TensorInfo> tensors(int count, int alignment) throws GgufException {
        List<TensorInfo> tensors = new ArrayList<>(count);
        Set<String> names = new HashSet<>(count * 2);
        long expected = 0;
        for (int i = 0; i < count; i++) {
            in.context("tensor " + i);
            long start = in.position();
            String name = in.text("name", Shapes.MAX_NAME_BYTES);
            Optional<String> problem = Shapes.checkName(name);
            if (problem.isPresent()) {
                throw in.corrupt(start, problem.get());
            }
            in.context("tensor '" + name + "'");
            if (!names.add(name)) {
                throw in.corrupt(start, "the name occurs twice");
            }
            TensorInfo tensor = tensor(name);
            long bytes = tensor.bytes();
            if (tensor.offset() != expected) {
                throw in.corrupt(
                        in.position() - 8,
                        "the offset is " + Long.toUnsignedString(tensor.offset()) + " but must be " + expected
                                + ": data follows in order, padded to " + alignment + " bytes");
            }
            if (bytes > segment.byteSize() - expected) {
                throw in.corrupt(
                        in.position(),
                        bytes + " bytes at offset " + expected + " exceed the file's " + segment.byteSize() + " bytes");
            }
            expected = padded(expected + bytes, alignment);
            tensors.add(tensor);
        }
        return List.copyOf(tensors);
    }

    private TensorInfo tensor(String name) throws GgufException {
        long start = in.position();
        int dims = in.i32("number of dimensions");
        if (dims < 0 || dims > Shapes.MAX_DIMS) {
            throw in.corrupt(
                    start, Integer.toUnsignedString(dims) + " dimensions; at most " + Shapes.MAX_DIMS + " are allowed");
        }
        // ggml fills missing dimensions with 1, so no dimensions at all is a scalar.
        long[] shape = {1};
        if (dims > 0) {
            shape = new long[dims];
            for (int i = 0; i < dims; i++) {
                shape[i] = in.i64("dimension");
            }
        }
        long typeAt = in.position();
        int id = in.i32("tensor type");
        Optional<GgmlType> type = GgmlType.ofId(id);
        if (type.isEmpty()) {
            Optional<String> removed = GgmlType.removed(id);
            throw in.at(
                    typeAt,
                    removed.map(old -> "type " + id + " (" + old + ") has been removed from ggml")
                            .orElse("unknown tensor type " + id),
                    removed.isPresent()
                            ? "Quantize the original again to a current type"
                            : "The file is corrupt, or made for a newer ggml than this program's");
        }
        Optional<String> problem = Shapes.checkShape(type.get(), shape);
        if (problem.isPresent()) {
            throw in.corrupt(start, problem.get());
        }
        return new TensorInfo(name, type.get(), shape, in.i64("tensor offset"), part);
    }

    private void checkData(List<TensorInfo> tensors, long dataOffset) throws GgufException {
        for (TensorInfo tensor : tensors) {
            long end = dataOffset + tensor.offset() + tensor.bytes();
            if (end > segment.byteSize()) {
                in.context("tensor '" + tensor.name() + "'");
                throw in.corrupt(
                        dataOffset + tensor.offset(),
                        "the data ends at byte " + end + " but the file at " + segment.byteSize());
            }
        }
    }

    static long padded(long value, int alignment) {
        return Math.addExact(value, alignment - 1L) & -alignment;
    }
}
