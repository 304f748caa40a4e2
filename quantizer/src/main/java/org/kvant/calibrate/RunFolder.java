package org.kvant.calibrate;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder {@code OUT.partial} of an unfinished run: what it is for ({@code run}), and files that are each complete or absent. One process
 * at a time works in it. A run with other options is not mixed in.
 */
final class RunFolder implements AutoCloseable {
    private static final String RUN = "run";
    private static final String LOCK = "lock";

    private final Path folder;
    private final FileChannel lock;
    private final boolean resumed;

    private RunFolder(Path folder, FileChannel lock, boolean resumed) {
        this.folder = folder;
        this.lock = lock;
        this.resumed = resumed;
    }

    static Path of(Path output) {
        return output.resolveSibling(output.getFileName() + ".partial");
    }

    /**
     * Makes the folder, or takes over that of the same run.
     *
     * @param description lines that differ between runs that must not be mixed
     * @throws CalibrateException if it is another run's, or in use
     */
    static RunFolder open(Path output, String description) throws IOException {
        Path folder = of(output);
        Path parent = folder.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new CalibrateException(output + ": the folder " + parent + " does not exist; create it first");
        }
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new CalibrateException(
                    folder + ": is in the way of the unfinished run's folder; move it, or name another output");
        }
        Files.createDirectories(folder);
        FileChannel lock = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (tryLock(lock) == null) {
                throw new CalibrateException(
                        folder + ": another process is working on it; wait for it, or name another output");
            }
            boolean resumed = claim(folder, description);
            removeLeftovers(folder);
            RunFolder result = new RunFolder(folder, lock, resumed);
            lock = null;
            return result;
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Temporary files of a run that was killed; nobody else is at work here. */
    private static void removeLeftovers(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.filter(f -> f.getFileName().toString().endsWith(MomentFile.SUFFIX))
                    .toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static boolean claim(Path folder, String description) throws IOException {
        Path run = folder.resolve(RUN);
        if (Files.exists(run)) {
            String other = Files.readString(run, StandardCharsets.UTF_8);
            if (!other.equals(description)) {
                throw new CalibrateException(folder + ": holds an unfinished run with " + difference(other, description)
                        + "; repeat that command to finish it, or remove the folder to begin anew");
            }
            return true;
        }
        Path fresh = folder.resolve(RUN + ".new");
        Files.writeString(fresh, description, StandardCharsets.UTF_8);
        Files.move(fresh, run, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return false;
    }

    /** What follows a beginning in a line of an unfinished run's description; empty if there is no such run or line. */
    static Optional<String> line(Path output, String beginning) {
        try {
            return Files.readString(of(output).resolve(RUN), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith(beginning))
                    .map(line -> line.substring(beginning.length()))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The first line that differs, as it stands in the other run. */
    private static String difference(String other, String mine) {
        List<String> wanted = mine.lines().toList();
        return other.lines()
                .filter(line -> !wanted.contains(line))
                .findFirst()
                .map(line -> "another " + line)
                .orElse("other options");
    }

    /** Whether it was there already. */
    boolean resumed() {
        return resumed;
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /** Files whose name begins so, sorted. */
    List<Path> files(String prefix) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }

    /** Removes the folder: the run is finished. */
    void remove() throws IOException {
        lock.close();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }

    /** Leaves the folder for the next run. */
    @Override
    public void close() throws IOException {
        lock.close();
    }
}
