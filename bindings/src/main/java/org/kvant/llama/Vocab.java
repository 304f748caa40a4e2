package org.kvant.llama;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.checks.DeepStack;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.Lifetime;
import org.kvant.llama.library.NativeHandle;
import org.kvant.llama.library.VocabCalls;

/** A model's tokens. Usable from any thread while the model is open; afterwards every method that needs it throws {@code IllegalStateException}. */
public final class Vocab {
    /**
     * Metadata key of a model whose text is to be brought into Unicode's form NFC before it is split, as Hugging Face does for Qwen. llama.cpp
     * has no such step, so {@link #tokenize} does it.
     */
    public static final String NFC_KEY = "tokenizer.ggml.normalizer.nfc";

    private final Lifetime lifetime;
    private final MemorySegment vocab;
    private final VocabCalls calls;
    private final DeepStack stack;
    private final int size;
    private final int bos;
    private final int eos;
    private final int eot;
    private final int newLine;
    private final boolean addsBos;
    private final boolean addsEos;
    private final BitSet suppressed;
    private final AtomicReferenceArray<byte[]> pieces;
    private final AtomicReferenceArray<byte[]> piecesWithSpecial;
    private final boolean nfc;
    private volatile int @Nullable [] endTokens;

    Vocab(Lifetime lifetime, MemorySegment vocab, DeepStack stack, boolean nfc) {
        this.lifetime = lifetime;
        this.nfc = nfc;
        this.vocab = vocab;
        this.calls = new VocabCalls(vocab);
        this.stack = stack;
        this.size = llama_h.llama_vocab_n_tokens(vocab);
        this.bos = llama_h.llama_vocab_bos(vocab);
        this.eos = llama_h.llama_vocab_eos(vocab);
        this.eot = llama_h.llama_vocab_eot(vocab);
        this.newLine = llama_h.llama_vocab_nl(vocab);
        this.addsBos = llama_h.llama_vocab_get_add_bos(vocab);
        this.addsEos = llama_h.llama_vocab_get_add_eos(vocab);
        this.suppressed = calls.suppressed(size);
        this.pieces = new AtomicReferenceArray<>(size);
        this.piecesWithSpecial = new AtomicReferenceArray<>(size);
    }

    /** For the packages beside this one. */
    public NativeHandle handle() {
        return new NativeHandle(vocab);
    }

    /** The number of tokens: ids are 0 to this minus 1. */
    public int size() {
        return size;
    }

    /** Token that begins a text, or -1. */
    public int bos() {
        return bos;
    }

    /** Token that ends a text, or -1. */
    public int eos() {
        return eos;
    }

    /** Token that ends a turn of a conversation, or -1. */
    public int eot() {
        return eot;
    }

    /** Token of a line break, or -1. */
    public int newLine() {
        return newLine;
    }

    /** Whether {@link #tokenize} puts {@link #bos} first when special tokens are asked for. */
    public boolean addsBos() {
        return addsBos;
    }

    /** Whether {@link #tokenize} puts {@link #eos} last when special tokens are asked for. */
    public boolean addsEos() {
        return addsEos;
    }

    /** Whether a text ends with this token: end of text, of turn and the like. */
    public boolean isEog(int token) {
        checked(token);
        return lifetime.use(() -> llama_h.llama_vocab_is_eog(vocab, token));
    }

    /** Whether this token stands for something other than text. */
    public boolean isControl(int token) {
        checked(token);
        return lifetime.use(() -> llama_h.llama_vocab_is_control(vocab, token));
    }

    /** All tokens that are {@link #isEog}, ascending. The first call asks for every token, which a start can do without. */
    public int[] endTokens() {
        int[] known = endTokens;
        if (known == null) {
            known = lifetime.use(() -> IntStream.range(0, size)
                    .filter(token -> llama_h.llama_vocab_is_eog(vocab, token))
                    .toArray());
            endTokens = known;
        }
        return known.clone();
    }

    /** Tokens that the model's file says should never be generated. */
    public int[] suppressedTokens() {
        return suppressed.stream().toArray();
    }

    /**
     * The token.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    public int checked(int token) {
        if (token < 0 || token >= size) {
            throw new IllegalArgumentException("token " + token + " is outside the vocabulary of " + size);
        }
        return token;
    }

    /**
     * The tokens of a text. Characters that cannot be encoded (half of a surrogate pair) count as {@code ?}.
     *
     * @param addSpecial whether to add what {@link #addsBos} and {@link #addsEos} say
     * @param parseSpecial whether special tokens' names in the text become those tokens; false for text from strangers
     * @throws IllegalArgumentException if the text has more tokens or bytes than an int can count, or a million bytes in a
     *     row without white space
     */
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        String input = nfc ? Normalizer.normalize(text, Normalizer.Form.NFC) : text;
        byte[] utf8 = input.getBytes(StandardCharsets.UTF_8);
        return stack.call(utf8, () -> lifetime.use(() -> calls.tokenize(utf8, addSpecial, parseSpecial)));
    }

    /**
     * The bytes of one token: not necessarily whole characters. A fresh array each time.
     *
     * @param special whether special tokens have their names as text; otherwise they are empty
     */
    public byte[] piece(int token, boolean special) {
        checked(token);
        AtomicReferenceArray<byte[]> cache = special ? piecesWithSpecial : pieces;
        byte[] known = cache.get(token);
        if (known == null) {
            known = lifetime.use(() -> calls.piece(token, special));
            cache.set(token, known);
        }
        return known.clone();
    }

    /** What the model's file has as this token's text, before any unescaping. */
    public String text(int token) {
        checked(token);
        return lifetime.use(() -> llama_h.llama_vocab_get_text(vocab, token).getString(0));
    }

    /**
     * The text of tokens; bytes that are not UTF-8 become U+FFFD.
     *
     * @param removeSpecial whether to leave out the tokens that {@link #tokenize} added
     * @param unparseSpecial whether special tokens have their names as text
     */
    public String detokenize(int[] tokens, boolean removeSpecial, boolean unparseSpecial) {
        for (int token : tokens) {
            checked(token);
        }
        return lifetime.use(() -> calls.detokenize(tokens, removeSpecial, unparseSpecial));
    }
}
