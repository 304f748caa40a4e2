package org.kvant.quantize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * A folder of tensors that have been rounded, a file each: what a run that was killed need not do again, and what a search for the best types
 * need not do twice. A file is complete or absent; one that is damaged counts as absent. Thread-safe.
 */
public final class RoundedStore {
    private static final String SUFFIX = ".rounded";

    private final Path folder;

    /**
     * What a file is the result of.
     *
     * @param inputs of the rounding besides the tensor's weights: the statistics and options, in words
     */
    public record Key(String tensor, GgmlType type, String inputs) {}

    /** @param folder made when it is needed */
    public RoundedStore(Path folder) {
        this.folder = folder;
    }

    /** The tensor's bytes, or null if they are not there. */
    public byte @Nullable [] load(Key key, long bytes) throws IOException {
        byte[] file;
        try {
            file = Files.readAllBytes(path(key));
        } catch (NoSuchFileException e) {
            return null;
        }
        if (file.length != bytes + Long.BYTES) {
            return null;
        }
        ByteBuffer content = ByteBuffer.wrap(file);
        long sum = content.getLong();
        byte[] values = new byte[(int) bytes];
        content.get(values);
        return sum == sum(values) ? values : null;
    }

    /** Keeps a tensor's bytes. */
    public void save(Key key, byte[] bytes) throws IOException {
        Files.createDirectories(folder);
        Path path = path(key);
        Path fresh = Files.createTempFile(folder, "new", ".tmp");
        try {
            ByteBuffer content = ByteBuffer.allocate(Math.addExact(bytes.length, Long.BYTES));
            content.putLong(sum(bytes)).put(bytes);
            Files.write(fresh, content.array());
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Removes everything: the work is finished. */
    public void remove() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(SUFFIX) || name.endsWith(".tmp")) {
                    Files.deleteIfExists(file);
                }
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isPresent()) {
                return;
            }
        }
        Files.deleteIfExists(folder);
    }

    private Path path(Key key) {
        return folder.resolve(digest(key.tensor() + "\n" + key.type() + "\n" + key.inputs()) + SUFFIX);
    }

    /** A short name for a text. */
    static String digest(String text) {
        MessageDigest digest = sha256();
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest(), 0, 20);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static long sum(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return sum.getValue() << 32 | bytes.length;
    }
}
