package org.kvant.llama;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Room for the recursion of {@code std::regex}, by which llama.cpp splits text for some pre-tokenizers ({@code
 * unicode_regex_split_stl} in {@code src/unicode.cpp}): some 320 bytes of stack for each character of a match. A Java
 * thread's own stack overflows, and the process dies, after three thousand characters without a break.
 */
final class DeepStack {
    /** Matches of this many bytes are harmless on any thread. */
    private static final int SHALLOW = 512;

    private static final int BYTES_PER_CHARACTER = 1024;
    private static final int BASE = 1 << 20;
    /** The stack for this is 1 GiB of addresses; what isn't touched takes no memory. */
    private static final int LONGEST = (1 << 20) - 1024;

    private DeepStack() {}

    /**
     * Runs {@code work}, which splits this text, on a stack that is deep enough.
     *
     * @throws IllegalArgumentException if no stack is
     */
    static <T> T call(byte[] utf8, Supplier<T> work) {
        int longest = longestRun(utf8);
        if (longest <= SHALLOW) {
            return work.get();
        }
        if (longest > LONGEST) {
            throw new IllegalArgumentException(
                    "the text has " + longest + " bytes in a row without a place to split it (at most " + LONGEST
                            + "); break it up, with spaces or line breaks");
        }
        AtomicReference<@Nullable T> result = new AtomicReference<>();
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        result.set(work.get());
                    } catch (RuntimeException e) {
                        failure.set(e);
                    }
                },
                Thread.currentThread().getName() + "-deep",
                BASE + (long) BYTES_PER_CHARACTER * longest);
        thread.setDaemon(true);
        thread.start();
        join(thread);
        RuntimeException thrown = failure.get();
        if (thrown != null) {
            throw thrown;
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
