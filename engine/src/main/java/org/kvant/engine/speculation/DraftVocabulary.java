package org.kvant.engine.speculation;

import org.kvant.engine.settings.EngineSetupException;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;

/**
 * Whether two models number the same tokens alike, by the rules of {@code common_speculative_are_compatible} (common/speculative.cpp): the first few,
 * which tend to be control tokens, may differ, and so may some at the end, where vocabularies are padded.
 */
public final class DraftVocabulary {
    private static final int FIRST_COMPARED = 5;
    private static final int MOST_PADDING = 128;

    private DraftVocabulary() {}

    /** @throws EngineSetupException naming the first difference */
    public static void check(Model served, Model draft) throws EngineSetupException {
        Vocab a = served.vocab();
        Vocab b = draft.vocab();
        if (Math.abs(a.size() - b.size()) > MOST_PADDING) {
            throw different(served, draft, "it has " + b.size() + " tokens instead of " + a.size());
        }
        if (a.addsBos() != b.addsBos() || (a.addsBos() && a.bos() != b.bos())) {
            throw different(served, draft, "texts begin with another token");
        }
        if (a.addsEos() != b.addsEos() || (a.addsEos() && a.eos() != b.eos())) {
            throw different(served, draft, "texts end with another token");
        }
        int common = Math.min(a.size(), b.size());
        for (int token = FIRST_COMPARED; token < common; token++) {
            if (!a.text(token).equals(b.text(token))) {
                throw different(
                        served,
                        draft,
                        "token " + token + " is '" + b.text(token) + "' instead of '" + a.text(token) + "'");
            }
        }
    }

    private static EngineSetupException different(Model served, Model draft, String how) {
        return new EngineSetupException(
                EngineSetupException.Setting.DRAFT,
                "the draft model " + draft.path() + " has another vocabulary than " + served.path() + ": " + how
                        + "; use a small model of the same family");
    }
}
