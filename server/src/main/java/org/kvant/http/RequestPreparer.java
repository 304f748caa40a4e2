package org.kvant.http;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.kvant.api.Dialect;
import org.kvant.api.GenerationBody;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.Prompt;
import org.kvant.api.common.Refusing;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.Vocabularies;
import org.kvant.api.watch.HttpListener;
import org.kvant.chat.Conversation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.runtime.Tokenizer;

/**
 * Turns a request body into what the engine takes. Runs on worker threads: a prompt of a megabyte takes a while to tokenize, and other streams must not
 * wait for it.
 */
final class RequestPreparer {
    /** No vocabulary has longer tokens, in characters; tokenizing a text of megabytes costs seconds and fifty times its size. */
    private static final int LONGEST_TOKEN = 512;

    private static final String ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private final ServedModels served;
    private final String fingerprint;
    private final long answerBytes;
    private final HttpListener listener;

    /** @param answerBytes the most Java memory that an answer may come to */
    RequestPreparer(ServedModels served, String fingerprint, long answerBytes, HttpListener listener) {
        this.answerBytes = answerBytes;
        this.served = served;
        this.fingerprint = fingerprint;
        this.listener = listener;
    }

    /**
     * Reads a body and makes of it what the engine takes.
     *
     * @throws ApiException if it can't be answered
     */
    Prepared prepare(Dialect dialect, byte[] body) throws ApiException {
        GenerationBody request = dialect.parse(body);
        ServedEngine model = served.find(request.model());
        Inference inference = model.ready();
        List<EchoedPrompt> echoes = new ArrayList<>();
        List<int[]> prompts = switch (request.input()) {
            case GenerationBody.Prompts texts -> prompts(inference, texts, echoes);
            case GenerationBody.Chat chat -> List.of(chat(inference, chat.conversation()));
        };
        return prepared(dialect, model, inference, prompts, echoes, request.parameters());
    }

    private List<int[]> prompts(Inference inference, GenerationBody.Prompts input, List<EchoedPrompt> echoes)
            throws ApiException {
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < input.prompts().size(); i++) {
            Prompt prompt = input.prompts().get(i);
            int[] tokens = tokens(inference, prompt, input.prompts().size() == 1 ? "prompt" : "prompt[" + i + "]");
            prompts.add(tokens);
            if (input.echo()) {
                echoes.add(echo(inference, prompt, tokens));
            }
        }
        return prompts;
    }

    private int[] chat(Inference inference, Conversation conversation) throws ApiException {
        long start = System.nanoTime();
        String text =
                Refusing.arguments("messages", () -> inference.chatPrompts().prompt(conversation));
        listener.templateRendered(System.nanoTime() - start);
        int[] prompt = tokenize(inference, text, "messages");
        checkLength(inference, prompt, "messages");
        return prompt;
    }

    private static EchoedPrompt echo(Inference inference, Prompt prompt, int[] tokens) {
        return switch (prompt) {
            case Prompt.Text text -> {
                String first = inference.tokenizer().detokenize(new int[] {tokens[0]});
                yield new EchoedPrompt(text.text(), tokens[0], !text.text().startsWith(first));
            }
            case Prompt.Tokens ids -> new EchoedPrompt(inference.tokenizer().detokenize(ids.ids()), tokens[0], false);
        };
    }

    private int[] tokens(Inference inference, Prompt prompt, String path) throws ApiException {
        Tokenizer tokenizer = inference.tokenizer();
        int[] ids = switch (prompt) {
            case Prompt.Text text -> tokenize(inference, text.text(), path);
            case Prompt.Tokens tokens -> {
                Vocabularies.check(tokens.ids(), tokenizer.vocabularySize(), path);
                yield tokens.ids();
            }
        };
        if (ids.length == 0) {
            throw new ApiException(ApiError.invalid(
                    "Invalid value for '" + path
                            + "': it is empty, and this model puts no token of its own before a text; send at least one character.",
                    path,
                    "invalid_value"));
        }
        checkLength(inference, ids, path);
        return ids;
    }

    private int[] tokenize(Inference inference, String text, String path) throws ApiException {
        int limit = inference.model().sequenceContext();
        if (text.length() > (long) limit * LONGEST_TOKEN) {
            throw new ApiException(ApiError.textExceedsContext(limit, text.length(), path));
        }
        long start = System.nanoTime();
        int[] tokens = Refusing.arguments(path, () -> inference.tokenizer().tokenizePrompt(text));
        listener.tokenized(System.nanoTime() - start);
        return tokens;
    }

    private static void checkLength(Inference inference, int[] ids, String path) throws ApiException {
        int limit = inference.model().sequenceContext();
        if (ids.length >= limit) {
            throw new ApiException(ApiError.contextExceeded(limit, ids.length, path));
        }
    }

    private Prepared prepared(
            Dialect dialect,
            ServedEngine model,
            Inference inference,
            List<int[]> prompts,
            List<EchoedPrompt> echoes,
            GenerationParameters parameters)
            throws ApiException {
        String id = dialect.idPrefix() + randomId();
        ParameterMapping mapping = new ParameterMapping(inference.model(), inference.tokenizer(), listener);
        GenerationRequest.Builder common = mapping.request(id, parameters, !echoes.isEmpty());
        SamplingOptions sampling = mapping.sampling(parameters);
        // Before there are as many requests: prompts and choices multiply, too.
        long bytes = 0;
        for (int[] prompt : prompts) {
            GenerationRequest one = common.prompt(prompt).sampling(sampling).build();
            bytes += parameters.bestOf()
                    * AnswerCost.bytes(one, inference.model().sequenceContext(), parameters.stream());
        }
        if (bytes > answerBytes) {
            throw new ApiException(ApiError.answerTooLarge(bytes, answerBytes));
        }
        List<GenerationRequest> requests = new ArrayList<>();
        for (int[] prompt : prompts) {
            // Choices of one prompt share its cells even if nobody else may.
            Object group = new Object();
            for (int choice = 0; choice < parameters.bestOf(); choice++) {
                requests.add(common.prompt(prompt)
                        .group(group)
                        .sampling(mapping.forChoice(sampling, choice))
                        .build());
            }
        }
        ResponseHead head = new ResponseHead(id, System.currentTimeMillis() / 1000, model.name(), fingerprint);
        return new Prepared(
                dialect,
                head,
                requests,
                parameters.n(),
                parameters.bestOf(),
                echoes,
                new TokenLabels(inference.tokenizer()),
                parameters.logprobs() >= 0,
                parameters.stream(),
                parameters.includeUsage(),
                bytes);
    }

    private static String randomId() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        StringBuilder id = new StringBuilder();
        for (int i = 0; i < 32; i++) {
            id.append(ID_LETTERS.charAt(random.nextInt(ID_LETTERS.length())));
        }
        return id.toString();
    }
}
