package org.kvant.convert;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The small files of a checkpoint folder, read with bounds and with errors that name the file. */
final class CheckpointFiles {
    /** tokenizer.json of a 262,144-token vocabulary is 33 MB; nothing legitimate comes near this. */
    private static final long MAX_BYTES = 128L << 20;

    private static final int MAX_STRING = 16 << 20;

    private final Path dir;
    /** tokenizer.json is asked for more than once. */
    private final Map<String, Optional<Json>> read = new HashMap<>();

    CheckpointFiles(Path dir) {
        this.dir = dir;
    }

    Path dir() {
        return dir;
    }

    boolean has(String name) {
        return Files.isRegularFile(dir.resolve(name));
    }

    /** The folder's files but for GGUF files, which a conversion may replace. */
    List<Path> inputs() throws ConvertException {
        try (Stream<Path> list = Files.list(dir)) {
            return list.filter(Files::isRegularFile)
                    .filter(f -> !f.toString().endsWith(".gguf"))
                    .toList();
        } catch (IOException e) {
            throw new ConvertException(dir + ": cannot be listed: " + e, e);
        }
    }

    Optional<Json> json(String name) throws ConvertException {
        Optional<Json> known = read.get(name);
        if (known == null) {
            known = readJson(name);
            read.put(name, known);
        }
        return known;
    }

    private Optional<Json> readJson(String name) throws ConvertException {
        Path file = dir.resolve(name);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        checkSize(file);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            Json json = Json.parse(in, MAX_STRING);
            if (!(json instanceof Json.Obj)) {
                throw new ConvertException(file + ": expected a JSON object at the top");
            }
            return Optional.of(json);
        } catch (ConvertException e) {
            throw e;
        } catch (IOException e) {
            throw new ConvertException(file + ": not readable as JSON: " + e.getMessage() + hint(file), e);
        }
    }

    Json requiredJson(String name, String remedy) throws ConvertException {
        return json(name).orElseThrow(() -> new ConvertException(dir + ": no " + name + " in it; " + remedy));
    }

    Optional<String> text(String name) throws ConvertException {
        Optional<byte[]> bytes = bytes(name);
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes.get()))
                    .toString());
        } catch (CharacterCodingException e) {
            throw new ConvertException(dir.resolve(name) + ": not UTF-8; save it as UTF-8", e);
        }
    }

    Optional<byte[]> bytes(String name) throws ConvertException {
        Path file = dir.resolve(name);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        checkSize(file);
        try {
            return Optional.of(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new ConvertException(file + ": cannot be read: " + e, e);
        }
    }

    private static void checkSize(Path file) throws ConvertException {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new ConvertException(
                        file + ": " + Files.size(file) + " bytes, more than the " + MAX_BYTES + " that are read of it");
            }
        } catch (ConvertException e) {
            throw e;
        } catch (IOException e) {
            throw new ConvertException(file + ": cannot be read: " + e, e);
        }
    }

    /** A clone without large-file support leaves small text files in the place of large ones. */
    static String hint(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(40);
            return new String(head, StandardCharsets.ISO_8859_1).startsWith("version https://git-lfs")
                    ? " (it is a Git LFS pointer, not the file itself: run 'git lfs pull' in the checkpoint)"
                    : "";
        } catch (IOException e) {
            return "";
        }
    }
}
