package org.kvant.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Files that must be refused, after {@code handcrafted_file_type} of llama.cpp's {@code tests/test-gguf.cpp} and its loader: each spoils one
 * thing of a good file. {@link #fragment} is what the message must say.
 */
enum Corruption {
    HEADER_EMPTY_FILE("ends inside the magic number", () -> new byte[0]),
    HEADER_CUT_MAGIC("ends inside the magic number", () -> Arrays.copyOf(good().build(), 3)),
    HEADER_BAD_MAGIC("not a GGUF file: it begins with 7F454C46", () -> header(new byte[] {0x7F, 'E', 'L', 'F'}, 3)),
    HEADER_SWAPPED_MAGIC("big-endian", () -> header("FUGG".getBytes(StandardCharsets.US_ASCII), 3)),
    HEADER_BIG_ENDIAN("a big-endian file (version 3 byte-swapped)", () -> header(magic(), 0x0300_0000)),
    HEADER_BAD_VERSION_0("unknown GGUF version 0", () -> header(magic(), 0)),
    HEADER_BAD_VERSION_1("version 1 is no longer supported", () -> header(magic(), 1)),
    HEADER_BAD_VERSION_FUTURE("unknown GGUF version 4", () -> header(magic(), 4)),
    HEADER_BAD_VERSION_NEGATIVE("unknown GGUF version 4294967295", () -> header(magic(), -1)),
    HEADER_NO_COUNTS("ends inside the tensor count", () -> Arrays.copyOf(good().build(), 8)),
    HEADER_BAD_N_TENSORS("list of tensors of 18446744073709551615", () -> tensorCount(-1)),
    HEADER_HUGE_N_TENSORS("list of tensors of 1000000000000", () -> tensorCount(1_000_000_000_000L)),
    HEADER_N_TENSORS_ONE_TOO_MANY("tensor 1: name of", () -> tensorCount(2)),
    HEADER_BAD_N_KV("list of key-value pairs of 18446744073709551615", () -> pairCount(-1)),
    HEADER_HUGE_N_KV("list of key-value pairs of 9223372036854775807", () -> pairCount(Long.MAX_VALUE)),
    HEADER_TOO_MANY_NAMES("more than the 65535 that are supported", Corruption::manyPairs),

    KV_BAD_KEY_SIZE("key of 18446744073709551615 bytes exceeds", () -> pair(-1L, new byte[] {'k'}, 4, 1)),
    KV_KEY_BEYOND_FILE("key of 100000 bytes exceeds", () -> pair(100_000L, new byte[] {'k'}, 4, 1)),
    KV_LONG_KEY("key has 65536 bytes; at most 65535", () -> pair("k".repeat(65_536), 4, 1)),
    KV_EMPTY_KEY("the key is empty", () -> pair("", 4, 1)),
    KV_ZERO_IN_KEY("the key contains a zero byte", () -> pair("a\0b", 4, 1)),
    KV_KEY_NOT_UTF8("key is not UTF-8", () -> pair(2L, new byte[] {(byte) 0xC3, 0x28}, 4, 1)),
    KV_BAD_TYPE("key 'k': unknown value type 13", () -> pair("k", 13, 1)),
    KV_NEGATIVE_TYPE("unknown value type -1", () -> pair("k", -1, 1)),
    KV_DUPLICATE_KEY(
            "key 'k': the key occurs twice",
            () -> good().u32("k", 1).u32("k", 1).build()),
    KV_BAD_BOOL("bool is 2", () -> pair("k", 7, (byte) 2)),
    KV_BAD_BOOL_IN_ARRAY("bool is 255", () -> pair("k", 9, 7, 2L, (byte) 1, (byte) -1)),
    KV_STRING_BEYOND_FILE("string of 9223372036854775807 bytes exceeds", () -> pair("k", 8, Long.MAX_VALUE)),
    KV_STRING_NEGATIVE("string of 9223372036854775808 bytes exceeds", () -> pair("k", 8, Long.MIN_VALUE)),
    KV_NESTED_ARRAY("nested arrays", () -> pair("k", 9, 9, 1L, 4, 1L, 7)),
    KV_BAD_ELEMENT_TYPE("unknown value type 99", () -> pair("k", 9, 99, 1L, 7)),
    KV_ARRAY_NEGATIVE("array of 18446744073709551615 elements cannot fit", () -> pair("k", 9, 4, -1L)),
    KV_ARRAY_HUGE("array of 2305843009213693952 elements cannot fit", () -> pair("k", 9, 10, 1L << 61)),
    KV_ARRAY_4_GI("array of 4294967297 elements cannot fit", () -> pair("k", 9, 0, (1L << 32) + 1)),
    KV_STRINGS_HUGE("array of 1099511627776 elements cannot fit", () -> pair("k", 9, 8, 1L << 40)),
    KV_STRING_IN_ARRAY_BEYOND_FILE("string of the array of 5000 bytes exceeds", () -> pair("k", 9, 8, 2L, "a", 5000L)),
    KV_STRINGS_ONE_SHORT("key 'k'", () -> pairAtEnd("k", 9, 8, 3L, "a", "b")),
    KV_BAD_ALIGN(
            "13 is not a power of two",
            () -> good().u32("general.alignment", 13).build()),
    KV_ZERO_ALIGN(
            "0 is not a power of two", () -> good().u32("general.alignment", 0).build()),
    KV_HUGE_ALIGN(
            "2147483648 is not a power of two up to",
            () -> good().u32("general.alignment", 1 << 31).build()),
    KV_WRONG_TYPE_ALIGN("must be u32 but is i32", () -> pair("general.alignment", 5, 32)),
    KV_ARRAY_ALIGN("must be u32 but is arr", () -> pair("general.alignment", 9, 4, 1L, 32)),

    TENSOR_BAD_NAME_SIZE(
            "name has 64 bytes; at most 63",
            () -> good().vector("n".repeat(64), 8).build()),
    TENSOR_NAME_TOO_LONG_IN_UTF8(
            "name has 64 bytes", () -> good().vector("\u00e9".repeat(32), 8).build()),
    TENSOR_NAME_BEYOND_FILE("name of 4294967296 bytes exceeds", () -> tensor(1L << 32)),
    TENSOR_EMPTY_NAME("the name is empty", () -> good().vector("", 8).build()),
    TENSOR_ZERO_IN_NAME("zero byte", () -> good().vector("a\0b", 8).build()),
    TENSOR_NAME_NOT_UTF8("name is not UTF-8", () -> tensor(1L, new byte[] {(byte) 0x80}, 1, 8L, 0, 32L)),
    TENSOR_BAD_N_DIMS("5 dimensions; at most 4", () -> tensor("t", 5, 1L, 1L, 1L, 1L, 1L, 0, 32L)),
    TENSOR_NEGATIVE_N_DIMS("4294967295 dimensions", () -> tensor("t", -1, 1L, 0, 32L)),
    TENSOR_BAD_SHAPE("dimension -1 in shape", () -> tensor("t", 2, 8L, -1L, 0, 32L)),
    TENSOR_ZERO_DIM("dimension 0 in shape", () -> tensor("t", 2, 8L, 0L, 0, 32L)),
    TENSOR_NE_TOO_BIG("overflows 64 bits", () -> tensor("t", 4, 1L << 16, 1L << 16, 1L << 16, 1L << 16, 0, 32L)),
    TENSOR_NE_AT_LIMIT("overflows 64 bits", () -> tensor("t", 1, Long.MAX_VALUE, 24, 32L)),
    TENSOR_NBYTES_TOO_BIG("number of bytes of shape", () -> tensor("t", 1, 1L << 61, 0, 32L)),
    TENSOR_BYTES_BEYOND_FILE("exceed the file's", () -> tensor("t", 1, 1L << 40, 0, 32L)),
    TENSOR_BAD_TYPE("unknown tensor type 43", () -> tensor("t", 1, 8L, 43, 32L)),
    TENSOR_NEGATIVE_TYPE("unknown tensor type -1", () -> tensor("t", 1, 8L, -1, 32L)),
    TENSOR_REMOVED_TYPE("type 31 (Q4_0_4_4) has been removed", () -> tensor("t", 1, 32L, 31, 32L)),
    TENSOR_PART_OF_BLOCK("not a whole number of Q4_K blocks", () -> tensor("t", 2, 128L, 2L, 12, 32L)),
    TENSOR_BAD_OFFSET("the offset is 64 but must be 32", () -> tensor("t", 1, 8L, 0, 64L)),
    TENSOR_UNALIGNED_OFFSET("the offset is 33 but must be 32", () -> tensor("t", 1, 8L, 0, 33L)),
    TENSOR_OVERLAP("the offset is 0 but must be 32", () -> tensor("t", 1, 8L, 0, 0L)),
    TENSOR_OFFSET_OVERFLOW("the offset is 18446744073709551584", () -> tensor("t", 1, 8L, 0, -32L)),
    TENSOR_DUPLICATE_NAME(
            "tensor 'first': the name occurs twice",
            () -> good().vector("first", 8).build()),
    TENSOR_INCONSISTENT_ALIGN(
            "must be 64: data follows",
            () -> good().u32("general.alignment", 64).vector("t", 8).build()),

    DATA_NOT_ENOUGH("the data ends at byte", () -> missing(64)),
    DATA_ONE_BYTE_SHORT("the data ends at byte", () -> missing(33)),
    DATA_NONE("the data ends at byte", () -> missing(32 + 32)),
    DATA_MEM_SIZE_OVERFLOW("exceed the file's", Corruption::memSizeOverflow);

    final String fragment;
    private final Supplier<byte[]> file;

    Corruption(String fragment, Supplier<byte[]> file) {
        this.fragment = fragment;
        this.file = file;
    }

    byte[] build() {
        return file.get();
    }

    /** A valid file: a few pairs and the tensor {@code first} of 8 floats. */
    static RawGguf good() {
        return new RawGguf()
                .string("general.architecture", "llama")
                .pair("list", 9, 8, 2L, "a", "bc")
                .vector("first", 8);
    }

    private static byte[] magic() {
        return "GGUF".getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] header(byte[] magic, int version) {
        RawGguf raw = good();
        raw.magic = magic;
        raw.version = version;
        return raw.build();
    }

    private static byte[] tensorCount(long count) {

        RawGguf raw = good();
        raw.tensorCount = count;
        return raw.build();
    }

    private static byte[] pairCount(long count) {
        RawGguf raw = good();
        raw.pairCount = count;
        return raw.build();
    }

    private static byte[] manyPairs() {
        RawGguf raw = new RawGguf();
        for (int i = 0; i < 65_536; i++) {
            raw.u32(String.format(Locale.ROOT, "k%05d", i), 1);
        }
        return raw.build();
    }

    private static byte[] pair(Object... fields) {
        return good().pair(fields).build();
    }

    private static byte[] pairAtEnd(Object... fields) {
        return new RawGguf().pair(fields).build();
    }

    private static byte[] tensor(Object... fields) {
        return good().rawTensor(32, fields).build();
    }

    private static byte[] missing(int bytes) {
        RawGguf raw = good().vector("last", 8);
        raw.missingData = bytes;
        return raw.build();
    }

    private static byte[] memSizeOverflow() {
        return new RawGguf()
                .rawTensor(0, "a", 1, 0x7FFF_FFFF_FFFF_FFC0L, 24, 0L)
                .rawTensor(0, "b", 1, 0x7FFF_FFFF_FFFF_FFC0L, 24, 0x7FFF_FFFF_FFFF_FFC0L)
                .build();
    }
}
