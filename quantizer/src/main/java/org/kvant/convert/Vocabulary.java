package org.kvant.convert;

import java.util.List;

/**
 * A vocabulary ready to be written.
 *
 * @param tokens the text of every token, by id
 */
record Vocabulary(List<String> tokens, Section section) {
    /** Writes the tokenizer's metadata. */
    @FunctionalInterface
    interface Section {
        void write(MetadataFields out) throws ConvertException;
    }

    void write(MetadataFields out) throws ConvertException {
        section.write(out);
    }
}
