package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.kvant.llama.ffi.llama_h;

/** The calls on a {@code llama_vocab} that fill a buffer. Callers have checked the tokens and keep the model open. Any thread. */
public final class VocabCalls {
    private final MemorySegment vocab;

    public VocabCalls(MemorySegment vocab) {
        this.vocab = vocab;
    }

    /** Tokens that are never to be generated, of so many. */
    public BitSet suppressed(int size) {
        BitSet result = new BitSet();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment tokens = llama_h.llama_vocab_get_suppress_tokens(vocab, count);
            for (int i = 0; i < count.get(ValueLayout.JAVA_INT, 0); i++) {
                int token = tokens.getAtIndex(ValueLayout.JAVA_INT, i);
                if (token >= 0 && token < size) {
                    result.set(token);
                }
            }
        }
        return result;
    }

    /** @throws IllegalArgumentException if the text cannot be tokenized */
    public int[] tokenize(byte[] utf8, boolean addSpecial, boolean parseSpecial) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, utf8.length));
            MemorySegment.copy(utf8, 0, bytes, ValueLayout.JAVA_BYTE, 0, utf8.length);
            // A token is rarely less than a byte; when it is, the first call says how many there are.
            int capacity = Math.addExact(utf8.length, 8);
            while (true) {
                MemorySegment tokens = arena.allocate(ValueLayout.JAVA_INT, capacity);
                int count =
                        llama_h.llama_tokenize(vocab, bytes, utf8.length, tokens, capacity, addSpecial, parseSpecial);
                if (count >= 0) {
                    return tokens.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
                }
                if (count == Integer.MIN_VALUE || -count <= capacity) {
                    throw new IllegalArgumentException("a text of " + utf8.length + " bytes cannot be tokenized");
                }
                capacity = -count;
            }
        }
    }

    /** The bytes of one token. */
    public byte[] piece(int token, boolean special) {
        try (Arena arena = Arena.ofConfined()) {
            int capacity = 64;
            while (true) {
                MemorySegment buffer = arena.allocate(capacity);
                int length = llama_h.llama_token_to_piece(vocab, token, buffer, capacity, 0, special);
                if (length >= 0) {
                    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                }
                capacity = -length;
            }
        }
    }

    /** The text of tokens; bytes that are not UTF-8 become U+FFFD. */
    public String detokenize(int[] tokens, boolean removeSpecial, boolean unparseSpecial) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, Math.max(1, tokens.length));
            MemorySegment.copy(tokens, 0, ids, ValueLayout.JAVA_INT, 0, tokens.length);
            long guess = Math.min(Integer.MAX_VALUE - 8L, 16L * tokens.length + 64);
            int capacity = (int) guess;
            while (true) {
                MemorySegment text = arena.allocate(capacity);
                int length = llama_h.llama_detokenize(
                        vocab, ids, tokens.length, text, capacity, removeSpecial, unparseSpecial);
                if (length >= 0) {
                    byte[] utf8 = text.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    return new String(utf8, StandardCharsets.UTF_8);
                }
                capacity = Math.negateExact(length);
            }
        }
    }
}
