package org.kvant.gguf;

import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names and keys of split files: {@code llama_split_path} in {@code llama.cpp}, {@code LLM_KV_SPLIT_*} in {@code llama-arch.cpp}. */
final class SplitNames {
    /** u16, from 0. */
    static final String NO = "split.no";
    /** u16. */
    static final String COUNT = "split.count";
    /** i32, over all parts. */
    static final String TENSORS = "split.tensors.count";

    private static final Pattern SUFFIX = Pattern.compile("-(\\d{5})-of-(\\d{5})\\.gguf$");

    private SplitNames() {}

    /** {@code model.gguf} or {@code model} becomes {@code model-00001-of-00003.gguf}; {@code no} counts from 0. */
    static Path part(Path target, int no, int count) {
        String name = name(target);
        String prefix = name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
        return target.resolveSibling(format(prefix, no, count));
    }

    /** The part {@code no} beside a part that is itself named so; empty string prefix is impossible by then. */
    static Path sibling(Path somePart, int no, int count) {
        Matcher matcher = SUFFIX.matcher(name(somePart));
        if (!matcher.find()) {
            throw new IllegalArgumentException(somePart + " is not named as a part");
        }
        return somePart.resolveSibling(format(name(somePart).substring(0, matcher.start()), no, count));
    }

    /** Whether the file is named as part {@code no} (from 0) of {@code count}. */
    static boolean named(Path path, int no, int count) {
        return name(path).endsWith(format("", no, count))
                && name(path).length() > format("", no, count).length();
    }

    /** Whether the file is named as some part. */
    static boolean namedAsPart(Path path) {
        Matcher matcher = SUFFIX.matcher(name(path));
        return matcher.find() && matcher.start() > 0;
    }

    static String format(String prefix, int no, int count) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, no + 1, count);
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    /**
     * A part's metadata: the file's in the first, none in others, and its place among them. What a file says of parts that it was read
     * from is dropped.
     *
     * @param tensors of all parts
     */
    static Metadata metadata(Metadata file, int no, int parts, int tensors) {
        Metadata.Builder builder = no == 0 ? file.toBuilder() : Metadata.builder();
        builder.remove(NO).remove(COUNT).remove(TENSORS);
        if (parts > 1) {
            // The order in which llama-gguf-split leaves them.
            builder.put(NO, new MetaValue.U16(no));
            builder.put(TENSORS, new MetaValue.I32(tensors));
            builder.put(COUNT, new MetaValue.U16(parts));
        }
        return builder.build();
    }
}
