package org.kvant.api.llamacpp;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.kvant.api.Query;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Prompt;
import org.kvant.api.common.Refusing;
import org.kvant.api.common.Vocabularies;
import org.kvant.engine.runtime.Tokenizer;

/** {@code POST /tokenize}: a text to tokens, with llama-server's shapes. */
public final class Tokenize implements Query {
    /** A token with its text takes some thirty bytes of an answer, which is made in memory. */
    private static final int MOST_WITH_PIECES = 500_000;

    @Override
    public String path() {
        return "/tokenize";
    }

    @Override
    public byte[] answer(Models models, byte[] body) throws ApiException {
        TokenizeRequest request = TokenizeRequest.parse(body);
        Tokenizer tokenizer = models.find(request.model()).tokenizer();
        List<Prompt> content = request.content();
        IntStream.Builder tokens = IntStream.builder();
        for (int i = 0; i < content.size(); i++) {
            boolean first = request.addSpecial() && i == 0;
            switch (content.get(i)) {
                case Prompt.Tokens given -> {
                    Vocabularies.check(given.ids(), tokenizer.vocabularySize(), "content");
                    Arrays.stream(given.ids()).forEach(tokens);
                }
                case Prompt.Text text ->
                    Arrays.stream(Refusing.arguments(
                                    "content", () -> tokenizer.tokenize(text.text(), first, request.parseSpecial())))
                            .forEach(tokens);
            }
        }
        int[] all = tokens.build().toArray();
        if (request.withPieces() && all.length > MOST_WITH_PIECES) {
            throw new ApiException(ApiError.invalid(
                    "Invalid value for 'content': it came to " + all.length + " tokens; with_pieces takes at most "
                            + MOST_WITH_PIECES + ".",
                    "content",
                    "invalid_value"));
        }
        return request.answer(all, tokenizer::piece);
    }
}
