package org.kvant.promptstore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.state.SavedSequence;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computed prompts in the files of a folder, found by the longest common beginning with a new one. Files are read and written on a thread of its own.
 * Tokens of all files are in memory, 4 bytes each. Files of another model and damaged ones are removed with a warning. Thread-safe.
 */
public final class PromptStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PromptStore.class);
    private static final String LOCK = ".lock";
    /** States that wait to be written take memory. */
    private static final long MOST_WAITING_BYTES = 1L << 30;

    private final PromptStoreOptions options;
    private final byte[] fingerprint;
    private final FileChannel lockFile;
    private final List<StoredPrompt> prompts = new ArrayList<>();
    private final PromptStoreCounts counts = new PromptStoreCounts();
    private final ExecutorService files = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().name("kvant-prompt-files").daemon().unstarted(task));
    private long clock;
    private long heldBytes;
    private long heldTokens;
    private long waitingBytes;

    private PromptStore(PromptStoreOptions options, byte[] fingerprint, FileChannel lockFile) {
        this.options = options;
        this.fingerprint = fingerprint;
        this.lockFile = lockFile;
    }

    /**
     * Reads what is in the folder, all but the states.
     *
     * @param fingerprint of {@link Fingerprint#of}
     * @throws IOException if the folder can't be used, or another server uses it
     */
    public static PromptStore open(PromptStoreOptions options, byte[] fingerprint) throws IOException {
        Path folder = options.folder();
        createFolder(folder);
        FileChannel lockFile =
                FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (!locked(lockFile)) {
                throw new FileSystemException(
                        folder.toString(), null, "another server keeps its prompts there; name another folder");
            }
            PromptStore store = new PromptStore(options, fingerprint, lockFile);
            store.scan();
            return store;
        } catch (IOException | RuntimeException e) {
            lockFile.close();
            throw e;
        }
    }

    /** What is in it are people's prompts, so a new folder is for its owner only. */
    private static void createFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectories(folder);
        }
    }

    private static boolean locked(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private void scan() throws IOException {
        record Dated(StoredPrompt prompt, FileTime time) {}
        List<Dated> found = new ArrayList<>();
        try (Stream<Path> entries = Files.list(options.folder())) {
            for (Path file : entries.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(PromptFile.SUFFIX + ".part")) {
                    Files.deleteIfExists(file);
                } else if (name.endsWith(PromptFile.SUFFIX)) {
                    try {
                        found.add(new Dated(PromptFile.readHead(file, fingerprint), Files.getLastModifiedTime(file)));
                    } catch (IOException e) {
                        removeUseless(file, e);
                    }
                }
            }
        }
        found.sort(Comparator.comparing(Dated::time));
        synchronized (this) {
            for (Dated each : found) {
                each.prompt.lastUsed = ++clock;
                hold(each.prompt);
            }
        }
        makeRoom(0);
    }

    private void removeUseless(Path file, Exception why) {
        counts.readFailed();
        log.warn("Removing {} from the prompt cache: {}", file, why.getMessage());
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            log.warn("{} can't be removed: {}", file, e.getMessage());
        }
    }

    /** Files that there are. */
    public synchronized int size() {
        return prompts.size();
    }

    /** Bytes of all files. */
    public synchronized long bytes() {
        return heldBytes;
    }

    /** What it holds and has done. */
    public synchronized PromptStoreFigures figures() {
        return counts.figures(prompts.size(), heldBytes, options.bytes(), Integer.BYTES * heldTokens);
    }

    /** What its user has to count. */
    public PromptStoreCounts counts() {
        return counts;
    }

    /** Under the lock. */
    private void hold(StoredPrompt prompt) {
        prompts.add(prompt);
        heldBytes += prompt.bytes;
        heldTokens += prompt.tokens.length;
    }

    /** Under the lock. */
    private void release(StoredPrompt prompt) {
        if (prompts.remove(prompt)) {
            heldBytes -= prompt.bytes;
            heldTokens -= prompt.tokens.length;
        }
    }

    /**
     * The stored prompt with the longest common beginning.
     *
     * @param tokens of which the first {@code size} count
     * @param salt only prompts of the same one are found
     * @param longerThan null is returned unless more tokens than this are common
     * @param whole whether only prompts of which all is common are of use
     */
    public synchronized @Nullable StoredPrompt find(
            int[] tokens, int size, String salt, int longerThan, boolean whole) {
        Salt whose = Salt.of(salt);
        StoredPrompt best = null;
        int longest = longerThan;
        for (StoredPrompt prompt : prompts) {
            int common = prompt.salt.equals(whose) ? prompt.common(tokens, size) : 0;
            if (common > longest && (!whole || common == prompt.tokens.length)) {
                longest = common;
                best = prompt;
            }
        }
        return best;
    }

    /** Tokens at the beginning of these that some stored prompt has, too. */
    public synchronized int known(int[] tokens, String salt) {
        Salt whose = Salt.of(salt);
        int longest = 0;
        for (StoredPrompt prompt : prompts) {
            longest = Math.max(longest, prompt.salt.equals(whose) ? prompt.common(tokens, tokens.length) : 0);
        }
        return longest;
    }

    /**
     * Reads a prompt's state.
     *
     * @param done called on the store's thread when the result is complete
     * @return completes, never with an exception, with null if the file is gone or damaged
     */
    public CompletableFuture<@Nullable LoadedPrompt> load(StoredPrompt prompt, Runnable done) {
        synchronized (this) {
            prompt.lastUsed = ++clock;
        }
        CompletableFuture<@Nullable LoadedPrompt> result = new CompletableFuture<>();
        files.execute(() -> {
            LoadedPrompt loaded = null;
            try {
                loaded = read(prompt);
            } finally {
                result.complete(loaded);
                done.run();
            }
        });
        return result;
    }

    private @Nullable LoadedPrompt read(StoredPrompt prompt) {
        long bytes = prompt.stateBytes();
        counts.holdState(bytes);
        try {
            LoadedPrompt loaded = PromptFile.readState(prompt);
            loaded.whenFreed(() -> counts.holdState(-bytes));
            counts.read(bytes);
            Path unused = Files.setLastModifiedTime(prompt.file, FileTime.from(Instant.now()));
            return loaded;
        } catch (IOException | OutOfMemoryError e) {
            counts.holdState(-bytes);
            forget(prompt);
            removeUseless(prompt.file, e instanceof Exception x ? x : new IOException("no memory for it", e));
            return null;
        }
    }

    /**
     * Whether a state of this size would be taken now: it fits, and not too many wait to be written. The caller may save itself copying it.
     */
    public synchronized boolean accepts(int tokens, long state) {
        return PromptFile.size(tokens, state) <= options.bytes()
                && (waitingBytes == 0 || waitingBytes + state <= MOST_WAITING_BYTES);
    }

    /**
     * Keeps a computed prompt. Returns at once; the file is written later.
     *
     * @param arena holds the state; closed when it is written
     */
    public void save(int[] tokens, String salt, SavedSequence state, Arena arena) {
        synchronized (this) {
            waitingBytes += state.byteSize();
        }
        counts.holdState(state.byteSize());
        files.execute(() -> {
            try (arena) {
                write(tokens, Salt.of(salt), state);
            } catch (IOException e) {
                counts.writeFailed();
                log.warn("A prompt of {} tokens can't be kept: {}", tokens.length, e.getMessage());
            } finally {
                counts.holdState(-state.byteSize());
                synchronized (this) {
                    waitingBytes -= state.byteSize();
                }
            }
        });
    }

    private void write(int[] tokens, Salt salt, SavedSequence state) throws IOException {
        long size = PromptFile.size(tokens.length, state.byteSize());
        makeRoom(size);
        Path file = options.folder().resolve(name(tokens, salt));
        PromptFile.write(file, fingerprint, salt, tokens, state);
        counts.wrote(size);
        StoredPrompt written = new StoredPrompt(file, salt, tokens, size);
        List<StoredPrompt> covered = new ArrayList<>();
        synchronized (this) {
            written.lastUsed = ++clock;
            for (StoredPrompt other : prompts) {
                if (other.salt.equals(salt) && other.common(tokens, tokens.length) == other.tokens.length) {
                    covered.add(other);
                }
            }
            covered.forEach(this::release);
            hold(written);
        }
        for (StoredPrompt other : covered) {
            if (!other.file.equals(file)) {
                Files.deleteIfExists(other.file);
            }
        }
    }

    private static String name(int[] tokens, Salt salt) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Salt.BYTES + Integer.BYTES * tokens.length).put(salt.bytes());
        for (int token : tokens) {
            bytes.putInt(token);
        }
        return HexFormat.of().formatHex(Salt.digest().digest(bytes.array()), 0, 16) + PromptFile.SUFFIX;
    }

    private void makeRoom(long wanted) throws IOException {
        List<StoredPrompt> gone = new ArrayList<>();
        synchronized (this) {
            ToLongFunction<StoredPrompt> age = prompt -> prompt.lastUsed;
            prompts.sort(Comparator.comparingLong(age));
            while (!prompts.isEmpty() && heldBytes + wanted > options.bytes()) {
                StoredPrompt oldest = prompts.getFirst();
                release(oldest);
                gone.add(oldest);
            }
        }
        counts.evicted(gone.size());
        for (StoredPrompt prompt : gone) {
            Files.deleteIfExists(prompt.file);
        }
    }

    private synchronized void forget(StoredPrompt prompt) {
        release(prompt);
    }

    /** Waits until everything is written, and lets others have the folder. */
    public void close(Duration patience) {
        files.shutdown();
        try {
            if (!files.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                log.warn("The prompt cache wasn't written completely in {}", patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }
}
