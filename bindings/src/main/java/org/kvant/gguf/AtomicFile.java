package org.kvant.gguf;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears under its name only when complete. It grows as {@code .NAME.part} beside the target, locked against a second writer; a
 * killed process leaves that file, and the next writer of the same target takes it over. Interrupting the JVM removes it.
 */
public final class AtomicFile implements AutoCloseable {
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(AtomicFile::deleteOpen, "remove-partial-files"));
    }

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private boolean done;
    private boolean published;

    private AtomicFile(Path target, Path temporary, FileChannel channel) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
    }

    /** @throws GgufException if the target cannot be written, naming it and what would help */
    public static AtomicFile create(Path target) throws IOException {
        // The rename would otherwise replace a link, or worse /dev/null, instead of writing what is behind it.
        Path absolute =
                Files.isSymbolicLink(target) && Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null || Files.isDirectory(absolute)) {
            throw new GgufException(target, "", "is a folder", "Name a file to be written");
        }
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            throw new GgufException(
                    target,
                    "",
                    "is not a regular file",
                    "Name a file to be written; it gets its name when complete, so it cannot be a stream");
        }
        if (!Files.isDirectory(folder)) {
            throw new GgufException(target, "", "the folder " + folder + " does not exist", "Create it first");
        }
        Path temporary = folder.resolve("." + absolute.getFileName() + ".part");
        FileChannel channel = open(target, temporary);
        try {
            if (lock(channel) == null) {
                throw new GgufException(
                        target,
                        "",
                        "is being written by someone else (" + temporary + " is locked)",
                        "Wait for that to end");
            }
            OPEN.add(temporary);
            channel.truncate(0);
            AtomicFile file = new AtomicFile(absolute, temporary, channel);
            channel = null;
            return file;
        } finally {
            if (channel != null) {
                channel.close();
            }
        }
    }

    private static FileChannel open(Path target, Path temporary) throws IOException {
        try {
            return FileChannel.open(temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (AccessDeniedException e) {
            throw new GgufException(
                    target, "", "permission denied", "Write to a folder that this user may write to", e);
        } catch (IOException e) {
            throw new GgufException(target, "", "cannot be written: " + e.getMessage(), "", e);
        }
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Where to write; the position starts at 0. */
    public FileChannel channel() {
        return channel;
    }

    /** Forces the bytes to the disk, without the rename. */
    public void force() throws IOException {
        channel.force(true);
    }

    /** Gives the file its name, replacing what was there. */
    public void publish() throws IOException {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        OPEN.remove(temporary);
        done = true;
        published = true;
        channel.close();
        forceFolder();
    }

    private void forceFolder() {
        // Makes the rename itself durable; not every platform can open a folder, and the data is safe either way.
        try (FileChannel folder = FileChannel.open(target.resolveSibling("."), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            return;
        }
    }

    /** Takes the published file away again: of a set of which another could not be published. */
    void withdraw() throws IOException {
        if (published) {
            Files.deleteIfExists(target);
        }
    }

    /** Removes the temporary file unless it has been published. */
    @Override
    public void close() throws IOException {
        if (done) {
            return;
        }
        done = true;
        try {
            Files.deleteIfExists(temporary);
        } finally {
            OPEN.remove(temporary);
            channel.close();
        }
    }

    private static void deleteOpen() {
        for (Path path : OPEN) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                System.err.println("cannot remove " + path + ": " + e);
            }
        }
    }
}
