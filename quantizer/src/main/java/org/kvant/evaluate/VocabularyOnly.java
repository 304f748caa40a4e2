package org.kvant.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;
import org.kvant.llama.modelfile.ModelOptions;

/** A model's tokenizer, without its weights. */
record VocabularyOnly(Model model) implements AutoCloseable {
    static VocabularyOnly open(Path file) throws IOException {
        return new VocabularyOnly(Model.load(file, ModelOptions.defaults().withVocabularyOnly(true)));
    }

    Vocab vocab() {
        return model.vocab();
    }

    @Override
    public void close() {
        model.close();
    }
}
