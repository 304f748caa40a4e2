package org.kvant.http;

import io.vertx.core.WorkerExecutor;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.openai.ApiError;
import org.kvant.openai.ApiException;
import org.kvant.openai.ChatRequest;
import org.kvant.openai.DetokenizeRequest;
import org.kvant.openai.Prompt;
import org.kvant.openai.TokenizeRequest;

/** {@code POST /tokenize}, {@code /detokenize} and {@code /apply-template}, with llama-server's shapes. */
final class TokenRoutes {
    /** A token with its text takes some thirty bytes of an answer, which is made in memory. */
    private static final int MOST_WITH_PIECES = 500_000;

    private final WorkerExecutor workers;
    private final BodyReader bodies;
    private final ServedModels served;
    private final Refusals refusals;

    TokenRoutes(WorkerExecutor workers, BodyReader bodies, ServedModels served, Refusals refusals) {
        this.workers = workers;
        this.bodies = bodies;
        this.served = served;
        this.refusals = refusals;
    }

    void addTo(Router router) {
        router.post("/tokenize").handler(context -> handle(context, TokenRoutes::tokenize));
        router.post("/detokenize").handler(context -> handle(context, TokenRoutes::detokenize));
        router.post("/apply-template").handler(context -> handle(context, TokenRoutes::applyTemplate));
    }

    @FunctionalInterface
    private interface Work {
        byte[] answer(ServedModels served, byte[] body) throws ApiException;
    }

    private void handle(RoutingContext routing, Work work) {
        bodies.read(routing.request(), body -> workers.executeBlocking(() -> work.answer(served, body), false))
                .onSuccess(answer -> Answers.json(routing.response(), answer))
                .onFailure(failure -> refusals.answer(routing.response(), Answers.describe(failure)));
    }

    private static byte[] applyTemplate(ServedModels served, byte[] body) throws ApiException {
        served.requireAny();
        ChatRequest request = ChatRequest.parse(body);
        Inference inference = served.findAmongSeveral(request.model()).ready();
        return request.promptAnswer(RequestPreparer.refusing(
                "messages", () -> inference.chatPrompts().prompt(request)));
    }

    private static byte[] tokenize(ServedModels served, byte[] body) throws ApiException {
        served.requireAny();
        TokenizeRequest request = TokenizeRequest.parse(body);
        Tokenizer tokenizer = served.findAmongSeveral(request.model()).ready().tokenizer();
        List<Prompt> content = request.content();
        IntStream.Builder tokens = IntStream.builder();
        for (int i = 0; i < content.size(); i++) {
            boolean first = request.addSpecial() && i == 0;
            switch (content.get(i)) {
                case Prompt.Tokens given -> {
                    RequestPreparer.checkVocabulary(given.ids(), tokenizer, "content");
                    Arrays.stream(given.ids()).forEach(tokens);
                }
                case Prompt.Text text ->
                    Arrays.stream(RequestPreparer.refusing(
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

    private static byte[] detokenize(ServedModels served, byte[] body) throws ApiException {
        served.requireAny();
        DetokenizeRequest request = DetokenizeRequest.parse(body);
        Tokenizer tokenizer = served.findAmongSeveral(request.model()).ready().tokenizer();
        RequestPreparer.checkVocabulary(request.tokens(), tokenizer, "tokens");
        return request.answer(tokenizer.detokenize(request.tokens()));
    }
}
