package org.kvant.gguf;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A GGUF file that cannot be read or written: says which file, where in it, what is wrong and what to do. */
public final class GgufException extends IOException {
    /** A corrupt key may have 65535 bytes. */
    private static final int MAX_WHERE = 160;

    private final @Nullable Path file;
    private final String where;

    /**
     * @param file the file, or null for metadata that has none yet
     * @param where byte offset, key or tensor name; may be empty
     * @param what what is wrong, without a full stop
     * @param remedy what to do about it, without a full stop; may be empty
     */
    public GgufException(@Nullable Path file, String where, String what, String remedy) {
        this(file, where, what, remedy, null);
    }

    GgufException(@Nullable Path file, String where, String what, String remedy, @Nullable Throwable cause) {
        super(message(file, where, what, remedy), cause);
        this.file = file;
        this.where = where;
    }

    private static String message(@Nullable Path file, String where, String what, String remedy) {
        StringBuilder text = new StringBuilder();
        if (file != null) {
            text.append(file).append(": ");
        }
        if (!where.isEmpty()) {
            text.append(where.length() > MAX_WHERE ? where.substring(0, MAX_WHERE) + "…" : where)
                    .append(": ");
        }
        text.append(what);
        if (!remedy.isEmpty()) {
            text.append(". ").append(remedy);
        }
        return Printable.oneLine(text.toString());
    }

    /** The file, if there is one. */
    public @Nullable Path file() {
        return file;
    }

    /** Byte offset, key or tensor name; may be empty. */
    public String where() {
        return where;
    }
}
