package org.kvant.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file (version 2 or 3, little-endian; all parts of a split one), mapped and fully validated when opened: whoever holds one may hand its
 * path to native code. Reading is thread-safe. Metadata and tensor infos stay usable after {@link #close}, data does not.
 *
 * <p>The file must not be truncated while it is open: the operating system answers reads of the lost pages with a bus error, which Java turns
 * into an {@link InternalError}.
 */
public final class GgufFile implements AutoCloseable {
    private static final int TENSOR_ALIGNMENT = 32;

    private final Arena arena;
    private final List<GgufPart> parts;
    private final List<TensorInfo> tensors;
    private final Map<String, TensorInfo> byName;

    private GgufFile(Arena arena, List<GgufPart> parts, Map<String, TensorInfo> byName) {
        this.arena = arena;
        this.parts = List.copyOf(parts);
        this.byName = byName;
        this.tensors = List.copyOf(byName.values());
    }

    /**
     * Opens a file. Of a split file give the first part; the others are found beside it.
     *
     * @throws GgufException if it is not a valid file, naming what and where
     * @throws IOException if it cannot be read
     */
    @SuppressWarnings("MustBeClosedChecker") // closed by close(), or here when opening fails
    public static GgufFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return open(path, arena);
        } catch (InternalError e) {
            arena.close();
            throw new GgufException(
                    path, "", "the file shrank while it was read", "Wait until it is complete and try again", e);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private static GgufFile open(Path path, Arena arena) throws IOException {
        List<GgufPart> parts = new ArrayList<>();
        GgufPart first = GgufParser.parse(path, map(path, arena), 0);
        parts.add(first);
        int count = SplitFiles.count(first);
        for (int no = 1; no < count; no++) {
            Path sibling = SplitNames.sibling(path, no, count);
            if (!Files.exists(sibling)) {
                throw new GgufException(
                        path,
                        "",
                        "part " + (no + 1) + " of " + count + " is missing: " + sibling,
                        "Put all parts into one folder under their original names");
            }
            GgufPart part = GgufParser.parse(sibling, map(sibling, arena), no);
            SplitFiles.checkPart(part, no, count);
            parts.add(part);
        }
        Map<String, TensorInfo> byName = new LinkedHashMap<>();
        for (GgufPart part : parts) {
            for (TensorInfo tensor : part.tensors()) {
                TensorInfo other = byName.putIfAbsent(tensor.name(), tensor);
                if (other != null) {
                    throw new GgufException(
                            part.path(),
                            "tensor '" + tensor.name() + "'",
                            "is also in " + parts.get(other.part()).path(),
                            "The parts do not belong together");
                }
            }
        }
        if (count > 1) {
            SplitFiles.checkTotal(first, byName.size());
        }
        return new GgufFile(arena, parts, byName);
    }

    private static MemorySegment map(Path path, Arena arena) throws IOException {
        if (Files.isDirectory(path)) {
            throw new GgufException(
                    path,
                    "",
                    "is a folder, not a GGUF file",
                    "Give a .gguf file; a checkpoint folder must be converted first");
        }
        if (!Files.exists(path)) {
            throw new GgufException(path, "", "no such file", "Check the name");
        }
        if (!Files.isRegularFile(path)) {
            // Opening a pipe would wait for somebody to write into it.
            throw new GgufException(
                    path, "", "is not a regular file", "GGUF files are mapped: give one that lies on a disk");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (AccessDeniedException e) {
            throw new GgufException(path, "", "permission denied", "Make the file readable for this user", e);
        } catch (IOException e) {
            throw new GgufException(path, "", "cannot be mapped: " + e.getMessage(), "", e);
        }
    }

    /** The file that was opened: the first part of a split one. */
    public Path path() {
        return parts.getFirst().path();
    }

    /** All files, in order; one for a file that is not split. */
    public List<Path> parts() {
        return parts.stream().map(GgufPart::path).toList();
    }

    /** Format version of the first part: 2 or 3. */
    public int version() {
        return parts.getFirst().version();
    }

    /** Alignment of tensor data in the first part's data section, in bytes; 32 unless {@code general.alignment} says otherwise. */
    public int alignment() {
        return parts.getFirst().alignment();
    }

    /** Metadata of the first part, which is the model's. */
    public Metadata metadata() {
        return parts.getFirst().metadata();
    }

    /** All tensors in file order, part after part. */
    public List<TensorInfo> tensors() {
        return tensors;
    }

    /** The tensor with this name. */
    public Optional<TensorInfo> tensor(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * A tensor's bytes: a read-only slice of the mapping, valid until {@link #close}, on any thread.
     *
     * @throws IllegalArgumentException if the tensor is not of this file
     * @throws IllegalStateException if the file is closed
     */
    public MemorySegment data(TensorInfo tensor) {
        if (!tensor.equals(byName.get(tensor.name()))) {
            throw new IllegalArgumentException("tensor '" + tensor.name() + "' is not of " + path());
        }
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(path() + " is closed");
        }
        GgufPart part = parts.get(tensor.part());
        return part.segment().asSlice(part.dataOffset() + tensor.offset(), tensor.bytes());
    }

    /** Where a tensor's data begins, in bytes from the start of its part's file. */
    public long fileOffset(TensorInfo tensor) {
        return parts.get(tensor.part()).dataOffset() + tensor.offset();
    }

    /**
     * Refuses a file whose data ggml cannot use where it is mapped: the CPU backend aborts the process when a buffer does not begin at a multiple
     * of {@code TENSOR_ALIGNMENT} ({@code ggml-impl.h}), which {@code general.alignment} below 32 allows. To be called before loading.
     *
     * @throws GgufException naming the first such tensor
     */
    public void requireMappable() throws GgufException {
        for (TensorInfo tensor : tensors) {
            if (fileOffset(tensor) % TENSOR_ALIGNMENT != 0) {
                throw new GgufException(
                        parts.get(tensor.part()).path(),
                        "tensor '" + tensor.name() + "'",
                        "begins at byte " + fileOffset(tensor) + ", which is not a multiple of " + TENSOR_ALIGNMENT
                                + " (general.alignment is "
                                + parts.get(tensor.part()).alignment() + ")",
                        "Write the file again with the default alignment");
            }
        }
    }

    /** Bytes of all parts together. */
    public long sizeBytes() {
        return parts.stream().mapToLong(part -> part.segment().byteSize()).sum();
    }

    /** Unmaps the file; closing twice is harmless. No other thread may be reading data meanwhile. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
