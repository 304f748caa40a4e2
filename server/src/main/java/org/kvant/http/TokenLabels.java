package org.kvant.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.kvant.api.common.LoggedToken;
import org.kvant.engine.request.TokenLogprob;
import org.kvant.engine.runtime.Tokenizer;

/** Gives tokens their texts. Thread-safe as the tokenizer is. */
record TokenLabels(Tokenizer tokenizer) {
    List<LoggedToken> label(List<TokenLogprob> logprobs) {
        List<LoggedToken> labelled = new ArrayList<>(logprobs.size());
        for (TokenLogprob logprob : logprobs) {
            labelled.add(label(logprob));
        }
        return labelled;
    }

    /** A prompt's tokens, of which the first has no log probability. */
    List<LoggedToken> prompt(EchoedPrompt echo, List<TokenLogprob> others) {
        List<LoggedToken> labelled = new ArrayList<>(others.size() + 1);
        byte[] first = tokenizer.piece(echo.firstToken());
        labelled.add(new LoggedToken(text(first), first, null, List.of(), echo.silentFirst()));
        labelled.addAll(label(others));
        return labelled;
    }

    private LoggedToken label(TokenLogprob logprob) {
        List<LoggedToken.Alternative> top = new ArrayList<>(logprob.top().length);
        for (int i = 0; i < logprob.top().length; i++) {
            byte[] bytes = tokenizer.piece(logprob.top()[i]);
            top.add(new LoggedToken.Alternative(text(bytes), bytes, logprob.topLogprobs()[i]));
        }
        byte[] bytes = tokenizer.piece(logprob.token());
        return new LoggedToken(text(bytes), bytes, logprob.logprob(), top, false);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
