package org.kvant.llama;

import java.io.IOException;
import java.nio.file.Path;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;

/**
 * What a valid GGUF file can still have in it that makes llama.cpp end the process instead of refusing the file.
 */
final class ModelCheck {
    private ModelCheck() {}

    /** @throws IOException naming the key or tensor that is wrong */
    static HyperParameters check(GgufFile file) throws IOException {
        file.requireMappable();
        try {
            return HyperParameters.of(file.metadata());
        } catch (GgufException e) {
            throw new ModelLoadException(file.path(), String.valueOf(e.getMessage()), e);
        }
    }

    /** What only shows once the vocabulary is loaded. */
    static void checkVocabulary(Path file, Vocab vocab) throws IOException {
        if (vocab.addsBos() && vocab.bos() < 0) {
            throw new ModelLoadException(
                    file, "the vocabulary wants a text to begin with a token that it does not have");
        }
        if (vocab.addsEos() && vocab.eos() < 0) {
            throw new ModelLoadException(file, "the vocabulary wants a text to end with a token that it does not have");
        }
    }
}
