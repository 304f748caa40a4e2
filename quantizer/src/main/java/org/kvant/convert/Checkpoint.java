package org.kvant.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kvant.convert.SafetensorsFile.SourceTensor;

/** The tensors of a checkpoint folder: {@code model*.safetensors}, by the index file where there is one. */
final class Checkpoint implements AutoCloseable {
    private static final String INDEX = "model.safetensors.index.json";
    private static final Pattern NOT_IN_NAMES = Pattern.compile("[/\\\\\\x00]");
    private static final Pattern SHARD = Pattern.compile("model-(\\d{1,6})-of-(\\d{1,6})\\.safetensors");

    private final Arena arena;
    private final List<SourceTensor> tensors;

    private Checkpoint(Arena arena, List<SourceTensor> tensors) {
        this.arena = arena;
        this.tensors = tensors;
    }

    /** Maps every part. The tensors' data may be read from any thread until {@link #close}. */
    @SuppressWarnings("MustBeClosedChecker") // closed by close()
    static Checkpoint open(CheckpointFiles files) throws ConvertException {
        Map<String, String> index = index(files);
        List<String> parts = index.isEmpty() ? partsByName(files.dir()) : List.copyOf(new TreeSet<>(index.values()));
        Arena arena = Arena.ofShared();
        try {
            Map<String, SourceTensor> tensors = new LinkedHashMap<>();
            for (String part : parts) {
                Path file = files.dir().resolve(part);
                if (!Files.isRegularFile(file)) {
                    throw new ConvertException(file + ": missing, though " + INDEX
                            + " names it; the download is incomplete, fetch this file too");
                }
                for (SourceTensor tensor : SafetensorsFile.open(file, arena).tensors()) {
                    SourceTensor other = tensors.putIfAbsent(tensor.name(), tensor);
                    if (other != null) {
                        throw tensor.error("is also in " + other.file() + "; keep one of the two files");
                    }
                }
            }
            checkIndex(files.dir().resolve(INDEX), index, tensors);
            return new Checkpoint(arena, List.copyOf(tensors.values()));
        } catch (Throwable t) {
            arena.close();
            throw t;
        }
    }

    /** In file order: parts by name, tensors by name within a part. */
    List<SourceTensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        arena.close();
    }

    /** Tensor name to file name; empty without an index file. */
    private static Map<String, String> index(CheckpointFiles files) throws ConvertException {
        Json json = files.json(INDEX).orElse(null);
        if (json == null) {
            return Map.of();
        }
        Path file = files.dir().resolve(INDEX);
        Map<String, String> index = new LinkedHashMap<>();
        for (Map.Entry<String, Json> entry : json.fields("weight_map").entrySet()) {
            String part = entry.getValue().asString();
            if (part == null
                    || part.isEmpty()
                    || part.equals("..")
                    || NOT_IN_NAMES.matcher(part).find()) {
                throw new ConvertException(
                        file + ": weight_map of " + entry.getKey() + " is not the name of a file in this folder");
            }
            index.put(entry.getKey(), part);
        }
        if (index.isEmpty()) {
            throw new ConvertException(file + ": weight_map is missing or empty");
        }
        return index;
    }

    private static void checkIndex(Path file, Map<String, String> index, Map<String, SourceTensor> tensors)
            throws ConvertException {
        if (index.isEmpty()) {
            return;
        }
        for (Map.Entry<String, String> entry : index.entrySet()) {
            SourceTensor tensor = tensors.get(entry.getKey());
            if (tensor == null || !tensor.file().endsWith(entry.getValue())) {
                throw new ConvertException(file + ": says that " + entry.getValue() + " holds tensor " + entry.getKey()
                        + ", but it does not; the files are of different checkpoints or damaged");
            }
        }
        for (SourceTensor tensor : tensors.values()) {
            if (!index.containsKey(tensor.name())) {
                throw tensor.error("is not in " + file.getFileName() + "; the files are of different checkpoints");
            }
        }
    }

    private static List<String> partsByName(Path dir) throws ConvertException {
        List<String> parts;
        List<String> others;
        try (Stream<Path> list = Files.list(dir)) {
            List<String> names =
                    list.map(p -> p.getFileName().toString()).sorted().toList();
            parts = names.stream()
                    .filter(n -> n.startsWith("model") && n.endsWith(".safetensors"))
                    .toList();
            others = names.stream()
                    .filter(n -> n.endsWith(".safetensors")
                            || n.endsWith(".bin")
                            || n.endsWith(".pth")
                            || n.endsWith(".pt")
                            || n.endsWith(".gguf"))
                    .toList();
        } catch (IOException e) {
            throw new ConvertException(dir + ": cannot be listed: " + e, e);
        }
        if (parts.isEmpty()) {
            throw new ConvertException(dir + ": no model*.safetensors in it"
                    + (others.isEmpty()
                            ? ""
                            : "; found " + String.join(", ", others)
                                    + ". PyTorch .bin and .pth files hold code as well as weights and are not read:"
                                    + " load the model with transformers and save_pretrained(...,"
                                    + " safe_serialization=True), or take a copy that has safetensors"));
        }
        return checkedShards(dir, parts);
    }

    private static List<String> checkedShards(Path dir, List<String> parts) throws ConvertException {
        List<String> present = new ArrayList<>(parts);
        for (String part : parts) {
            Matcher matcher = SHARD.matcher(part);
            if (matcher.matches()) {
                int count = Integer.parseInt(matcher.group(2));
                for (int i = 1; i <= count; i++) {
                    String expected =
                            "model-%0" + matcher.group(1).length() + "d-of-" + matcher.group(2) + ".safetensors";
                    String name = String.format(java.util.Locale.ROOT, expected, i);
                    if (!present.contains(name)) {
                        throw new ConvertException(dir.resolve(name) + ": missing, one of " + count
                                + " parts; the download is incomplete, fetch this file too");
                    }
                }
            }
        }
        return parts;
    }
}
