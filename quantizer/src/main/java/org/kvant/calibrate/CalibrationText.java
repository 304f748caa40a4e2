package org.kvant.calibrate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.llama.Model;

/** The chunks of one run, read from files or written by the model. */
final class CalibrationText {
    static final String SELF_WRITTEN = "written by the model, seed ";

    private static final String FILE = "text.gguf";

    private final Model model;
    private final CalibrateOptions options;
    private int[][] chunks = new int[0][];

    CalibrationText(Model model, CalibrateOptions options) {
        this.model = model;
        this.options = options;
    }

    boolean selfWritten() {
        return options.source() instanceof TextSource.SelfWritten;
    }

    /** Reads the files, if there are any. */
    void read() throws IOException {
        switch (options.source()) {
            case TextSource.Texts(List<Path> files) ->
                chunks = new TextChunks(model, false, options.chunkSize()).of(files, options.chunks());
            case TextSource.Chats(List<Path> files) ->
                chunks = new TextChunks(model, true, options.chunkSize()).of(files, options.chunks());
            case TextSource.SelfWritten self -> {}
        }
    }

    int size() {
        return selfWritten() ? options.chunks() : chunks.length;
    }

    int[][] chunks() {
        return chunks;
    }

    /** Differs for other text. */
    String identity() {
        if (options.source() instanceof TextSource.SelfWritten(long seed)) {
            return SELF_WRITTEN + seed;
        }
        MessageDigest digest = Fingerprint.sha256();
        for (int[] chunk : chunks) {
            ByteBuffer bytes = ByteBuffer.allocate(chunk.length * Integer.BYTES);
            bytes.asIntBuffer().put(chunk);
            digest.update(bytes);
        }
        return Fingerprint.hex(digest);
    }

    /** For people. */
    String description() {
        return switch (options.source()) {
            case TextSource.Texts texts -> "text";
            case TextSource.Chats chats -> "chat";
            case TextSource.SelfWritten(long seed) -> SELF_WRITTEN + seed;
        };
    }

    /** llama-imatrix puts the files' names here. */
    List<String> datasets() {
        return switch (options.source()) {
            case TextSource.Texts(List<Path> files) -> names(files);
            case TextSource.Chats(List<Path> files) -> names(files);
            case TextSource.SelfWritten self -> List.of(description());
        };
    }

    private static List<String> names(List<Path> files) {
        return files.stream().map(file -> file.getFileName().toString()).toList();
    }

    /** Lets the model write, wave after wave, going on after those that are in the folder; false if it was stopped. */
    boolean write(RunFolder folder, RunProgress progress) throws IOException {
        if (!(options.source() instanceof TextSource.SelfWritten(long seed))) {
            return true;
        }
        int size = options.chunkSize();
        List<int[]> written = new ArrayList<>(saved(folder.file(FILE)));
        progress.add("writing text", (long) written.size() * size);
        SelfText writer = new SelfText(model, size, seed, options.threads());
        while (written.size() < options.chunks()) {
            int wave = Math.min(SelfText.WAVE, options.chunks() - written.size());
            int[] before = {0};
            int[][] fresh = writer.write(written.size(), wave, tokens -> {
                progress.add("writing text", tokens - before[0]);
                before[0] = tokens;
                return !progress.stopped();
            });
            if (fresh.length == 0) {
                return false;
            }
            // The first token of a text is given, not written.
            progress.add("writing text", (long) fresh.length * size - before[0]);
            written.addAll(Arrays.asList(fresh));
            save(folder.file(FILE), written);
        }
        chunks = written.toArray(int[][]::new);
        return true;
    }

    private void save(Path file, List<int[]> written) throws IOException {
        int size = options.chunkSize();
        int[] tokens = written.stream().flatMapToInt(Arrays::stream).toArray();
        TensorStore.write(
                file,
                Metadata.builder()
                        .putU32("kvant.partial.chunks", written.size())
                        .build(),
                List.of(TensorStore.Entry.ints(StatisticsFormat.TOKENS, tokens, size, written.size())));
    }

    private List<int[]> saved(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        int size = options.chunkSize();
        try (GgufFile gguf = GgufFile.open(file)) {
            int count = Math.toIntExact(gguf.metadata().integer("kvant.partial.chunks"));
            int[] tokens = TensorStore.segment(gguf, StatisticsFormat.TOKENS, GgmlType.I32, (long) count * size)
                    .toArray(TensorStore.INT);
            List<int[]> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(Arrays.copyOfRange(tokens, i * size, (i + 1) * size));
            }
            return all;
        }
    }
}
