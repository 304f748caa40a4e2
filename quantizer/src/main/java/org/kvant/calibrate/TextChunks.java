package org.kvant.calibrate;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.Model;
import org.kvant.llama.UnsupportedTemplateException;

/**
 * Cuts chunks from files of text or conversations. Of a large file only the beginning is read: a piece that certainly has enough tokens, ending
 * far enough behind them that where it ends makes no difference.
 */
final class TextChunks {
    /** Tokens are shorter than this on average in every language; where they are not, more is read. */
    private static final long BYTES_A_TOKEN = 8;

    private static final int MARGIN_TOKENS = 256;
    private static final long MOST_BYTES = 1L << 30;

    private final Model model;
    private final boolean chat;
    private final int size;

    TextChunks(Model model, boolean chat, int size) {
        this.model = model;
        this.chat = chat;
        this.size = size;
    }

    /** At most {@code most} chunks, the files' shares one after the other. A file that is too short leaves its share to those after it. */
    int[][] of(List<Path> files, int most) throws IOException {
        List<int[]> all = new ArrayList<>();
        long tokens = 0;
        for (int i = 0; i < files.size(); i++) {
            int share = Math.ceilDiv(most - all.size(), files.size() - i);
            int[] text = tokens(files.get(i), (long) share * size);
            tokens += text.length;
            all.addAll(Arrays.asList(TokenChunks.cut(text, size, share, model.vocab())));
        }
        if (all.isEmpty()) {
            throw new CalibrateException(
                    (files.size() == 1 ? files.getFirst() + " has" : "the files have together") + " only "
                            + tokens + " tokens; a chunk needs " + size
                            + ": give more text, or a smaller --chunk-size");
        }
        return all.toArray(int[][]::new);
    }

    private int[] tokens(Path file, long wanted) throws IOException {
        if (!Files.isRegularFile(file)) {
            if (Files.exists(file)) {
                throw new CalibrateException(file + ": is not a regular file");
            }
            throw new NoSuchFileException(file.toString());
        }
        long bytes = (wanted + MARGIN_TOKENS) * BYTES_A_TOKEN;
        while (true) {
            Piece piece = chat ? conversations(file, bytes) : text(file, bytes);
            int[] tokens = model.vocab().tokenize(piece.text(), true, chat);
            if (piece.whole() || tokens.length >= wanted + MARGIN_TOKENS) {
                return tokens;
            }
            if (bytes >= MOST_BYTES) {
                throw new CalibrateException(file + ": its first gigabyte has only " + tokens.length + " tokens");
            }
            bytes *= 4;
        }
    }

    private record Piece(String text, boolean whole) {}

    private static Piece text(Path file, long bytes) throws IOException {
        byte[] read;
        boolean whole;
        try (InputStream in = Files.newInputStream(file)) {
            read = in.readNBytes((int) Math.min(bytes, MOST_BYTES));
            whole = in.read() < 0;
        }
        int length = read.length;
        if (whole && length > 0 && read[length - 1] == '\n') {
            length--; // as llama.cpp's programs do with -f
        }
        if (!whole) {
            while (length > 0 && (read[length - 1] & 0xC0) == 0x80) {
                length--;
            }
            length = Math.max(0, length - 1); // the first byte of a character that may have been cut
        }
        return new Piece(decoded(file, read, length), whole);
    }

    /** Anything else is tokenized without complaint, and a model calibrated on it suits nothing. */
    private static String decoded(Path file, byte[] bytes, int length) throws CalibrateException {
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
        CharBuffer out = CharBuffer.allocate(length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
        if (result.isError()) {
            throw new CalibrateException(file + ": is not text in UTF-8 from byte " + in.position()
                    + " on; convert it first, or leave it out");
        }
        return out.flip().toString();
    }

    private Piece conversations(Path file, long bytes) throws IOException {
        StringBuilder all = new StringBuilder();
        try (ChatFile conversations = new ChatFile(file)) {
            @Nullable List<ChatMessage> messages = conversations.next();
            while (messages != null && all.length() < bytes) {
                all.append(render(file, conversations.line(), messages));
                messages = conversations.next();
            }
            return new Piece(all.toString(), messages == null);
        }
    }

    private String render(Path file, int line, List<ChatMessage> messages) throws IOException {
        try {
            return model.applyChatTemplate(messages, false);
        } catch (UnsupportedTemplateException e) {
            throw new CalibrateException(
                    "conversations cannot be put into this model's form: " + e.getMessage() + "; use --text instead",
                    e);
        } catch (IllegalArgumentException e) {
            throw new CalibrateException(file + ": line " + line + ": " + e.getMessage(), e);
        }
    }
}
