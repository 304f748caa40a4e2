package org.kvant.calibrate;

import java.nio.file.Path;
import java.util.List;

/** Where the text of a calibration comes from. */
public sealed interface TextSource {
    /** Plain text in UTF-8, tokenized and cut as llama-imatrix does. Of several files each gives an equal share of the chunks. */
    record Texts(List<Path> files) implements TextSource {
        public Texts {
            files = List.copyOf(files);
        }
    }

    /**
     * Conversations, one JSON object {@code {"messages": [{"role": …, "content": …}]}} a line, in the model's own chat format and one after the
     * other, tokenized and cut as llama-imatrix with --parse-special does.
     */
    record Chats(List<Path> files) implements TextSource {
        public Chats {
            files = List.copyOf(files);
        }
    }

    /**
     * The model writes the text itself.
     *
     * @param seed the same seed gives the same text on the same machine
     */
    record SelfWritten(long seed) implements TextSource {}
}
