package org.kvant.evaluate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kvant.llama.Vocab;

/**
 * Texts cut into chunks as llama-perplexity cuts them ({@code tools/perplexity/perplexity.cpp}): the whole text is tokenized with the special
 * tokens that the model adds, cut every {@code size} tokens without overlap, what remains is left out, and the first token of each chunk
 * becomes BOS where the model adds one. Of each chunk the second half is scored: the logits at {@link #firstScored} to {@code size - 2}
 * predict the tokens behind them.
 *
 * @param size tokens of a chunk
 * @param tokens chunks × size token ids
 * @param textOf which text each chunk is from, an index into {@code texts}
 * @param texts the files
 */
public record TokenChunks(int size, int[][] tokens, int[] textOf, List<Path> texts) {
    /** Shorter ones would score hardly anything. */
    public static final int MIN_SIZE = 16;

    /** Larger ones fit no model. */
    public static final int MAX_SIZE = 1 << 20;

    /** A text is tokenized as a whole, in memory. */
    private static final long MAX_TEXT_BYTES = 128L << 20;

    private static final byte[] GGUF_MAGIC = {'G', 'G', 'U', 'F'};

    public TokenChunks {
        texts = List.copyOf(texts);
        if (tokens.length == 0 || tokens.length != textOf.length) {
            throw new IllegalArgumentException(tokens.length + " chunks, of which " + textOf.length + " have a text");
        }
        for (int[] chunk : tokens) {
            if (chunk.length != size) {
                throw new IllegalArgumentException("a chunk has " + chunk.length + " tokens, not " + size);
            }
        }
    }

    /** Chunks that are not from files. */
    public static TokenChunks of(int[][] tokens) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("there is no chunk");
        }
        return new TokenChunks(tokens[0].length, tokens, new int[tokens.length], List.of(Path.of("tokens")));
    }

    /**
     * Reads and cuts texts in UTF-8.
     *
     * @param limit the most chunks of each text; 0 for all
     * @throws EvaluateException if a text is shorter than a chunk, is no text, or the size is out of range
     */
    public static TokenChunks read(List<Path> texts, Vocab vocab, int size, int limit) throws IOException {
        if (size < MIN_SIZE || size > MAX_SIZE) {
            throw new EvaluateException("a chunk of " + size + " tokens is outside " + MIN_SIZE + " to " + MAX_SIZE);
        }
        if (limit < 0) {
            throw new EvaluateException("the number of chunks can't be negative, but is " + limit);
        }
        if (texts.isEmpty()) {
            throw new EvaluateException("there is no text to evaluate on; name one");
        }
        List<int[]> chunks = new ArrayList<>();
        List<Integer> from = new ArrayList<>();
        for (int text = 0; text < texts.size(); text++) {
            Path file = texts.get(text);
            int[] tokens = vocab.tokenize(text(file), true, false);
            int count = tokens.length / size;
            if (count == 0) {
                throw new EvaluateException(file + ": has only " + tokens.length + " tokens, less than one chunk of "
                        + size + "; use a longer text or shorter chunks");
            }
            for (int i = 0; i < (limit == 0 ? count : Math.min(limit, count)); i++) {
                int[] chunk = Arrays.copyOfRange(tokens, i * size, (i + 1) * size);
                if (vocab.addsBos()) {
                    chunk[0] = vocab.bos();
                }
                chunks.add(chunk);
                from.add(text);
            }
        }
        return new TokenChunks(
                size,
                chunks.toArray(int[][]::new),
                from.stream().mapToInt(Integer::intValue).toArray(),
                texts);
    }

    /** A file's text, without the line break at its end, as llama.cpp's tools read theirs. */
    private static String text(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new EvaluateException(file + ": is a folder; name a text file");
        }
        if (Files.size(file) > MAX_TEXT_BYTES) {
            throw new EvaluateException(
                    file + ": has more than " + (MAX_TEXT_BYTES >> 20) + " MiB; evaluate on a part of it");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (bytes.length >= GGUF_MAGIC.length && Arrays.equals(bytes, 0, 4, GGUF_MAGIC, 0, 4)) {
            throw new EvaluateException(file
                    + ": is a model, not a text; name models before the options, and --reference for the original");
        }
        int length = bytes.length > 0 && bytes[bytes.length - 1] == '\n' ? bytes.length - 1 : bytes.length;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new EvaluateException(file + ": is not text in UTF-8; convert it first", e);
        }
    }

    /** Number of chunks. */
    public int count() {
        return tokens.length;
    }

    /** First position whose logits are scored. */
    public int firstScored() {
        return size / 2;
    }

    /** Scored tokens of one chunk. */
    public int scoredPerChunk() {
        return size - 1 - firstScored();
    }

    /** Scored tokens of all chunks. */
    public int scored() {
        return Math.multiplyExact(count(), scoredPerChunk());
    }

    /** The token that scored token {@code index} of a chunk, from 0, predicts. */
    public int target(int chunk, int index) {
        return tokens[chunk][firstScored() + index + 1];
    }
}
