package org.kvant.llama.checks;

import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.library.LlamaException;

/**
 * Room for the recursion of {@code std::regex}, by which llama.cpp splits text for the pre-tokenizers that it has no code of its
 * own for ({@code unicode_regex_split_stl} in {@code src/unicode.cpp}). A Java thread's own stack overflows, and the process
 * dies, after three thousand characters without a break.
 */
public final class DeepStack {
    /** Matches of this many bytes are harmless on any thread. */
    private static final int SHALLOW = 512;

    /** Measured: 260 to 1,300 bytes a character, by the pattern. */
    private static final int BYTES_PER_CHARACTER = 1536;

    private static final int BASE = 1 << 20;

    /** The stack for this is 1.5 GiB of addresses; what isn't touched takes no memory. */
    private static final int LONGEST = (1 << 20) - 1024;

    /** Values of {@code tokenizer.ggml.pre} whose patterns llama.cpp has code for ({@code unicode_regex_split_custom}). */
    private static final Set<String> OWN_CODE = Set.of(
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "dbrx",
            "smaug-bpe",
            "qwen2",
            "deepseek-r1-qwen",
            "qwen35",
            "stablelm2",
            "hunyuan",
            "chatglm-bpe",
            "glm4",
            "gpt-2",
            "phi-2",
            "mpt",
            "olmo",
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone");

    private final boolean recursive;
    private final boolean acrossWhiteSpace;

    /**
     * @param kind {@code tokenizer.ggml.model}; SentencePiece has no patterns
     * @param pre {@code tokenizer.ggml.pre}
     */
    public DeepStack(String kind, String pre) {
        this.recursive = !kind.equals("llama") && !OWN_CODE.contains(pre);
        this.acrossWhiteSpace = pre.equals("exaone-moe"); // takes single letters with spaces between them as one word
    }

    /**
     * Runs {@code work}, which splits this text, on a stack that is deep enough.
     *
     * @throws IllegalArgumentException if no stack is
     */
    public <T> T call(byte[] utf8, Supplier<T> work) {
        if (!recursive) {
            return work.get();
        }
        int longest = acrossWhiteSpace ? utf8.length : longestRun(utf8);
        if (longest <= SHALLOW) {
            return work.get();
        }
        if (longest > LONGEST) {
            throw new IllegalArgumentException(
                    "the text has " + longest + " bytes in a row without a place to split it (at most " + LONGEST
                            + "); break it up, with spaces or line breaks");
        }
        AtomicReference<@Nullable T> result = new AtomicReference<>();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        result.set(work.get());
                    } catch (RuntimeException | Error e) {
                        failure.set(e);
                    }
                },
                Thread.currentThread().getName() + "-deep",
                BASE + (long) BYTES_PER_CHARACTER * longest);
        thread.setDaemon(true);
        thread.start();
        join(thread);
        switch (failure.get()) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> {
                // it succeeded
            }
        }
        T value = result.get();
        if (value == null) {
            throw new LlamaException("splitting a text failed");
        }
        return value;
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * An upper bound of what one match can span: patterns go on over white space or over anything else, never over both for
     * long. Bytes of characters beyond ASCII may be either.
     */
    static int longestRun(byte[] utf8) {
        int longest = 0;
        int dark = 0;
        int white = 0;
        for (byte b : utf8) {
            boolean space = b == ' ' || (b >= '\t' && b <= '\r');
            boolean visible = b > ' ' && b < 0x7F;
            dark = space ? 0 : dark + 1;
            white = visible ? 0 : white + 1;
            longest = Math.max(longest, Math.max(dark, white));
        }
        return longest;
    }
}
