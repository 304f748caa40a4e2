package org.kvant.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a GGUF version 3 file, split or not, as a stream: header first, then each tensor's data in declared order, whole or in pieces. The
 * layout is {@code gguf_write_out}'s in {@code gguf.cpp}, so that copying a file of llama.cpp reproduces its bytes. Nothing stands under the
 * final name before {@link #commit}; closing without it removes everything. One thread at a time, except for {@link #writeAt} and {@link #flush}.
 */
public final class GgufWriter implements AutoCloseable {
    private final Path target;
    private final List<Path> paths;
    private final PartFiles files;
    private final List<List<TensorSpec>> parts;
    private final int[] alignments;
    private final long[] dataStarts;

    private int part;
    private int index;
    private @Nullable TensorSpec open;
    private long openWritten;
    private @Nullable TensorPlaces places;

    private GgufWriter(Path target, List<List<TensorSpec>> parts, List<Path> paths) {
        this.target = target;
        this.parts = parts;
        this.paths = paths;
        this.files = new PartFiles(target);
        this.alignments = new int[parts.size()];
        this.dataStarts = new long[parts.size()];
    }

    /** {@link #create(Path, Metadata, List, WriteOptions)} for one file. */
    public static GgufWriter create(Path target, Metadata metadata, List<TensorSpec> tensors) throws IOException {
        return create(target, metadata, tensors, WriteOptions.SINGLE);
    }

    /**
     * Opens a writer and writes the headers. The {@code split.*} keys of {@code metadata} describe the file it was read from and are dropped;
     * if the limits ask for more than one part, the parts are named {@code NAME-00001-of-0000N.gguf} and get their own.
     *
     * @param target the file; for a split one its name without the part numbers
     * @param tensors all tensors, in file order
     * @throws GgufException if names repeat, {@code general.alignment} is wrong, an input would be overwritten, or the disk is too small
     */
    public static GgufWriter create(Path target, Metadata metadata, List<TensorSpec> tensors, WriteOptions options)
            throws IOException {
        checkNames(target, tensors);
        List<List<TensorSpec>> parts = SplitPlan.parts(tensors, options);
        List<Path> paths = new ArrayList<>();
        for (int no = 0; no < parts.size(); no++) {
            paths.add(parts.size() == 1 ? target : SplitNames.part(target, no, parts.size()));
        }
        for (Path path : paths) {
            requireDistinct(path, options.inputs());
        }
        GgufWriter writer = new GgufWriter(target, List.copyOf(parts), List.copyOf(paths));
        try {
            writer.start(metadata, tensors.size());
            return writer;
        } catch (Throwable e) {
            writer.closeQuietly(e);
            throw e;
        }
    }

    /**
     * Refuses a target that is one of the files being read.
     *
     * @throws GgufException if it is
     */
    public static void requireDistinct(Path target, Collection<Path> inputs) throws IOException {
        for (Path input : inputs) {
            if (Files.exists(target) && Files.exists(input) && Files.isSameFile(target, input)) {
                throw new GgufException(
                        target, "", "is an input of this very work", "Choose another name for the output");
            }
        }
    }

    private static void checkNames(Path target, List<TensorSpec> tensors) throws GgufException {
        Set<String> names = new HashSet<>();
        for (TensorSpec tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new GgufException(target, "tensor '" + tensor.name() + "'", "is declared twice", "");
            }
        }
    }

    private void start(Metadata metadata, int tensorCount) throws IOException {
        if (parts.size() > 0xFFFF) {
            throw new GgufException(
                    target, "", parts.size() + " parts; a split file has at most 65535", "Raise the limit per part");
        }
        long bytes = 0;
        for (part = 0; part < parts.size(); part++) {
            files.add(paths.get(part));
            Metadata own = SplitNames.metadata(metadata, part, parts.size(), tensorCount);
            alignments[part] = HeaderWriter.alignment(target, own);
            ByteArrayOutputStream header = new ByteArrayOutputStream();
            HeaderWriter.write(header, own, parts.get(part), alignments[part]);
            dataStarts[part] = header.size();
            files.append(part, MemorySegment.ofArray(header.toByteArray()));
            bytes += parts.get(part).stream().mapToLong(TensorSpec::bytes).sum();
        }
        part = 0;
        files.checkSpace(bytes);
        skipEmptyParts();
    }

    /**
     * Size of the file that {@link #create(Path, Metadata, List)} would make, padding included.
     *
     * @throws GgufException if {@code general.alignment} is wrong
     */
    public static long fileBytes(Metadata metadata, List<TensorSpec> tensors) throws IOException {
        Metadata own = SplitNames.metadata(metadata, 0, 1, tensors.size());
        int alignment = HeaderWriter.alignment(Path.of("the output"), own);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        HeaderWriter.write(header, own, tensors, alignment);
        long bytes = header.size();
        for (TensorSpec tensor : tensors) {
            bytes = Math.addExact(bytes, GgufParser.padded(tensor.bytes(), alignment));
        }
        return bytes;
    }

    /** The files that {@link #commit} will make, in order. */
    public List<Path> paths() {
        return paths;
    }

    /** Writes a tensor's whole data: {@link #begin}, {@link #append}. */
    public void write(String tensor, MemorySegment bytes) throws IOException {
        begin(tensor);
        append(bytes);
    }

    /**
     * Begins the next tensor.
     *
     * @throws IllegalStateException if it is not the next in declared order, or the one before is incomplete
     */
    public void begin(String tensor) {
        files.requireUsable();
        if (places != null) {
            throw new IllegalStateException("the writer takes its data in any order: use writeAt");
        }
        TensorSpec current = open;
        if (current != null) {
            throw new IllegalStateException("tensor '" + current.name() + "' has " + openWritten + " of "
                    + current.bytes() + " bytes when '" + tensor + "' begins");
        }
        TensorSpec next = part < parts.size() ? parts.get(part).get(index) : null;
        if (next == null || !next.name().equals(tensor)) {
            throw new IllegalStateException("tensor '" + tensor + "' is not the next one, which is "
                    + (next == null ? "none" : "'" + next.name() + "'"));
        }
        open = next;
        openWritten = 0;
    }

    /**
     * Appends data to the tensor that has begun; the last piece ends it. The segment is not kept.
     *
     * @throws IllegalStateException if none has begun
     * @throws IllegalArgumentException if that is more than the tensor holds
     * @throws GgufException if the disk is full; the writer is then only good for closing
     */
    public void append(MemorySegment bytes) throws IOException {
        files.requireUsable();
        TensorSpec current = open;
        if (current == null) {
            throw new IllegalStateException("no tensor has begun");
        }
        if (bytes.byteSize() > current.bytes() - openWritten) {
            throw new IllegalArgumentException("tensor '" + current.name() + "' has " + current.bytes()
                    + " bytes, but got " + (openWritten + bytes.byteSize()));
        }
        files.append(part, bytes);
        openWritten += bytes.byteSize();
        if (openWritten == current.bytes()) {
            open = null;
            int padding = (int) (GgufParser.padded(openWritten, alignments[part]) - openWritten);
            files.append(part, MemorySegment.ofArray(new byte[padding]));
            index++;
            skipEmptyParts();
        }
    }

    /**
     * Allows {@link #writeAt} from now on, instead of {@link #begin} and {@link #append}.
     *
     * @throws IllegalStateException if something has been appended
     */
    public void writeInAnyOrder() {
        files.requireUsable();
        if (open != null || index > 0 || part > 0 && !parts.getFirst().isEmpty()) {
            throw new IllegalStateException("data has been appended already");
        }
        places = new TensorPlaces(parts, dataStarts, alignments);
    }

    /**
     * Writes some of a tensor's data at its place: in any order, by any number of threads at once, each byte once.
     *
     * @param tensor index in declared order
     * @param offset within the tensor's data, in bytes
     * @throws IllegalStateException without {@link #writeInAnyOrder}
     * @throws IllegalArgumentException if that is beyond the tensor's end, or more than it still lacks
     * @throws GgufException if the disk is full; the writer is then only good for closing
     */
    public void writeAt(int tensor, long offset, MemorySegment bytes) throws IOException {
        files.requireUsable();
        TensorPlaces all = places;
        if (all == null) {
            throw new IllegalStateException("the writer expects its data in order");
        }
        TensorPlaces.Place place = all.claim(tensor, offset, bytes.byteSize());
        files.writeAt(place.part(), place.offset() + offset, bytes);
    }

    /** Sends what has been written so far to the disk, so that {@link #commit} has less to wait for. On any thread. */
    public void flush() throws IOException {
        files.requireUsable();
        files.flush();
    }

    private void skipEmptyParts() {
        while (part < parts.size() && index == parts.get(part).size()) {
            part++;
            index = 0;
        }
    }

    /**
     * Forces all files to the disk and gives them their names, the first part last, so that an incomplete set never opens.
     *
     * @throws IllegalStateException if tensors are missing
     */
    public void commit() throws IOException {
        files.requireUsable();
        TensorPlaces all = places;
        if (all != null) {
            all.requireComplete();
            for (int no = 0; no < parts.size(); no++) {
                files.extend(no, all.size(no));
            }
        } else if (part < parts.size()) {
            throw new IllegalStateException(
                    "tensor '" + parts.get(part).get(index).name() + "' and those after it have not been written");
        }
        files.publish();
    }

    /** Without {@link #commit} removes everything written; otherwise, and the second time, does nothing. */
    @Override
    public void close() throws IOException {
        files.close();
    }

    private void closeQuietly(Throwable cause) {
        try {
            close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
