package org.kvant.llama;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.kvant.llama.modelfile.ModelOptions;

/** Runs in a {@link ChildJvm}: long texts without a break, for tokenizers that recurse once a character. */
public final class LongTextTrial {
    private LongTextTrial() {}

    /** Argument: a folder for files. */
    public static void main(String[] args) throws IOException {
        Backend.load();
        for (String pre : List.of("tekken", "gpt-4o", "exaone-moe", "llama-bpe", "smollm")) {
            Path file = TinyModel.qwen2()
                    .metadata(m -> m.putString("tokenizer.ggml.pre", pre))
                    .write(Path.of(args[0]).resolve(pre + ".gguf"));
            try (Model model = Model.load(file, ModelOptions.defaults().withVocabularyOnly(true))) {
                for (String unit : List.of("x", " ", "海", "!", "a ")) {
                    String text = unit.repeat(30_000);
                    int[] tokens = model.vocab().tokenize(text, false, false);
                    if (!model.vocab().detokenize(tokens, false, false).equals(text)) {
                        throw new AssertionError(pre + " loses text");
                    }
                }
            }
            System.out.println("SURVIVED " + pre);
        }
    }
}
