package org.kvant.api.llamacpp;

import org.kvant.api.Query;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Vocabularies;
import org.kvant.engine.runtime.Tokenizer;

/** {@code POST /detokenize}: tokens to text. */
public final class Detokenize implements Query {
    @Override
    public String path() {
        return "/detokenize";
    }

    @Override
    public byte[] answer(Models models, byte[] body) throws ApiException {
        DetokenizeRequest request = DetokenizeRequest.parse(body);
        Tokenizer tokenizer = models.find(request.model()).tokenizer();
        Vocabularies.check(request.tokens(), tokenizer.vocabularySize(), "tokens");
        return request.answer(tokenizer.detokenize(request.tokens()));
    }
}
