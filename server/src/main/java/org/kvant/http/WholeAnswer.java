package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.Choice;
import org.kvant.api.common.LoggedToken;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.TokenCounts;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.TokenLogprob;

/** Collects everything and answers with one JSON object. */
final class WholeAnswer implements AnswerWriter {
    private final HttpServerResponse response;
    private final Prepared prepared;
    private final Text[] texts;
    private TokenCounts usage = TokenCounts.NONE;
    private @Nullable PhaseTimes times;

    /** One text while it comes. */
    private static final class Text {
        final StringBuilder text = new StringBuilder();
        final List<LoggedToken> tokens = new ArrayList<>();
        String finishReason = "";
        private double sum;
        private int count;

        void add(List<TokenLogprob> logprobs) {
            for (TokenLogprob logprob : logprobs) {
                sum += logprob.logprob();
                count++;
            }
        }

        /** By which the best are chosen: OpenAI's "highest log probability per token". */
        double score() {
            return count == 0 ? Double.NEGATIVE_INFINITY : sum / count;
        }
    }

    WholeAnswer(HttpServerResponse response, Prepared prepared) {
        this.response = response;
        this.prepared = prepared;
        this.texts = new Text[prepared.requests().size()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = new Text();
            if (!prepared.echoes().isEmpty()) {
                texts[i].text.append(
                        prepared.echoes().get(i / prepared.bestOf()).text());
            }
        }
    }

    @Override
    public void prompt(int index, List<TokenLogprob> logprobs) {
        EchoedPrompt echo = prepared.echoes().get(index / prepared.bestOf());
        texts[index].tokens.addAll(prepared.labels().prompt(echo, logprobs));
    }

    @Override
    public void text(int index, String text, List<TokenLogprob> logprobs) {
        texts[index].text.append(text);
        texts[index].add(logprobs);
        if (prepared.logprobs()) {
            texts[index].tokens.addAll(prepared.labels().label(logprobs));
        }
    }

    @Override
    public void end(int index, Finish finish) {
        texts[index].finishReason = Figures.reason(finish);
        usage = usage.plus(Figures.counts(finish, index % prepared.bestOf() == 0));
        times = Figures.times(finish);
    }

    @Override
    public void flush() {}

    @Override
    public Future<Void> complete() {
        List<Choice> choices = new ArrayList<>();
        for (int first = 0; first < texts.length; first += prepared.bestOf()) {
            List<Text> candidates = new ArrayList<>(List.of(texts).subList(first, first + prepared.bestOf()));
            if (prepared.bestOf() > prepared.n()) {
                candidates.sort(Comparator.comparingDouble(Text::score).reversed());
            }
            for (Text text : candidates.subList(0, prepared.n())) {
                choices.add(
                        new Choice(text.text.toString(), text.finishReason, prepared.logprobs() ? text.tokens : null));
            }
        }
        // The times of one of several texts would be taken for those of all.
        return Answers.json(
                response, prepared.dialect().whole(prepared.head(), choices, usage, texts.length == 1 ? times : null));
    }

    @Override
    public Future<Void> fail(ApiError error) {
        return Answers.error(response, error);
    }

    @Override
    public void release() {}
}
