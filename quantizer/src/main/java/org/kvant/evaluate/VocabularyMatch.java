package org.kvant.evaluate;

import java.util.Optional;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.llama.Model;

/** Distributions can be compared only over the same tokens. */
final class VocabularyMatch {
    private static final String TOKENS = "tokenizer.ggml.tokens";

    private VocabularyMatch() {}

    /** @throws EvaluateException naming the first difference */
    static void require(Model reference, Model candidate) throws EvaluateException {
        int expected = reference.vocab().size();
        int actual = candidate.vocab().size();
        if (expected != actual) {
            throw mismatch(reference, candidate, "has " + actual + " tokens, the reference " + expected);
        }
        Optional<MetaValue> mine = candidate.metadata().get(TOKENS);
        Optional<MetaValue> other = reference.metadata().get(TOKENS);
        if (mine.equals(other)) {
            return;
        }
        if (mine.orElse(null) instanceof MetaArray a && other.orElse(null) instanceof MetaArray b) {
            for (int token = 0; token < Math.min(a.size(), b.size()); token++) {
                if (!a.get(token).equals(b.get(token))) {
                    throw mismatch(
                            reference,
                            candidate,
                            "has " + a.get(token) + " as token " + token + ", the reference " + b.get(token));
                }
            }
        }
        throw mismatch(reference, candidate, "has other tokens than the reference");
    }

    private static EvaluateException mismatch(Model reference, Model candidate, String what) {
        return new EvaluateException(candidate.path() + ": its vocabulary " + what + " (" + reference.path()
                + "); compare files that were made of the same model");
    }
}
