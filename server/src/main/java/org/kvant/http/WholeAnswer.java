package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.Finish;
import org.kvant.openai.ApiError;
import org.kvant.openai.Choice;
import org.kvant.openai.CompletionJson;
import org.kvant.openai.PhaseTimes;
import org.kvant.openai.ResponseHead;
import org.kvant.openai.TokenCounts;

/** Collects everything and answers with one JSON object. */
final class WholeAnswer implements AnswerWriter {
    private final HttpServerResponse response;
    private final ResponseHead head;
    private final StringBuilder[] texts;
    private final Choice[] choices;
    private TokenCounts usage = TokenCounts.NONE;
    private @Nullable PhaseTimes times;

    WholeAnswer(HttpServerResponse response, ResponseHead head, int count) {
        this.response = response;
        this.head = head;
        this.texts = new StringBuilder[count];
        this.choices = new Choice[count];
        for (int i = 0; i < count; i++) {
            texts[i] = new StringBuilder();
        }
    }

    @Override
    public void text(int index, String text) {
        texts[index].append(text);
    }

    @Override
    public void end(int index, Finish finish) {
        choices[index] = new Choice(texts[index].toString(), Figures.reason(finish));
        usage = usage.plus(Figures.counts(finish));
        times = Figures.times(finish);
    }

    @Override
    public void flush() {}

    @Override
    public Future<Void> complete() {
        List<Choice> inOrder = new ArrayList<>(List.of(choices));
        // The times of one of several choices would be taken for those of all.
        return Answers.json(response, CompletionJson.of(head, inOrder, usage, choices.length == 1 ? times : null));
    }

    @Override
    public Future<Void> fail(ApiError error) {
        return Answers.error(response, error);
    }

    @Override
    public void release() {}
}
