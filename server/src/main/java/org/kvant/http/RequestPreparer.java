package org.kvant.http;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.openai.ApiError;
import org.kvant.openai.ApiException;
import org.kvant.openai.ChatRequest;
import org.kvant.openai.CompletionRequest;
import org.kvant.openai.GenerationParameters;
import org.kvant.openai.Prompt;
import org.kvant.openai.ResponseHead;

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
    private final HttpListener listener;

    RequestPreparer(ServedModels served, String fingerprint, HttpListener listener) {
        this.served = served;
        this.fingerprint = fingerprint;
        this.listener = listener;
    }

    Prepared completion(byte[] body) throws ApiException {
        CompletionRequest request = CompletionRequest.parse(body);
        ServedEngine model = served.find(request.model());
        Inference inference = model.ready();
        List<int[]> prompts = new ArrayList<>();
        List<EchoedPrompt> echoes = new ArrayList<>();
        for (int i = 0; i < request.prompts().size(); i++) {
            Prompt prompt = request.prompts().get(i);
            int[] tokens = tokens(inference, prompt, request.prompts().size() == 1 ? "prompt" : "prompt[" + i + "]");
            prompts.add(tokens);
            if (request.echo()) {
                echoes.add(echo(inference, prompt, tokens));
            }
        }
        return prepared(model, inference, false, prompts, echoes, request.parameters());
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

    Prepared chat(byte[] body) throws ApiException {
        ChatRequest request = ChatRequest.parse(body);
        ServedEngine model = served.find(request.model());
        Inference inference = model.ready();
        long start = System.nanoTime();
        String text = refusing("messages", () -> inference.chatPrompts().prompt(request));
        listener.templateRendered(System.nanoTime() - start);
        int[] prompt = tokenize(inference, text, "messages");
        checkLength(inference, prompt, "messages");
        return prepared(model, inference, true, List.of(prompt), List.of(), request.parameters());
    }

    /** @throws ApiException with status 400 if an id is outside the vocabulary */
    static void checkVocabulary(int[] ids, Tokenizer tokenizer, String path) throws ApiException {
        int size = tokenizer.vocabularySize();
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= size) {
                String where = path + "[" + i + "]";
                throw new ApiException(ApiError.invalid(
                        "Invalid value for '" + where + "': there is no token " + ids[i] + "; this model's ids end at "
                                + (size - 1) + ".",
                        where,
                        "invalid_token"));
            }
        }
    }

    /** Something that only the library behind the tokenizer or the template finds fault with. */
    @FunctionalInterface
    interface Step<T> {
        T take() throws ApiException;
    }

    /** @throws ApiException with status 400 that names {@code path} if the step calls its input an illegal argument */
    static <T> T refusing(String path, Step<T> step) throws ApiException {
        try {
            return step.take();
        } catch (IllegalArgumentException e) {
            throw new ApiException(ApiError.invalid(
                    "Invalid value for '" + path + "': " + e.getMessage() + ".", path, "invalid_value"));
        }
    }

    private int[] tokens(Inference inference, Prompt prompt, String path) throws ApiException {
        Tokenizer tokenizer = inference.tokenizer();
        int[] ids = switch (prompt) {
            case Prompt.Text text -> tokenize(inference, text.text(), path);
            case Prompt.Tokens tokens -> {
                checkVocabulary(tokens.ids(), tokenizer, path);
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
        int[] tokens = refusing(path, () -> inference.tokenizer().tokenizePrompt(text));
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
            ServedEngine model,
            Inference inference,
            boolean chat,
            List<int[]> prompts,
            List<EchoedPrompt> echoes,
            GenerationParameters parameters)
            throws ApiException {
        String id = (chat ? "chatcmpl-" : "cmpl-") + randomId();
        ParameterMapping mapping = new ParameterMapping(inference.model(), inference.tokenizer(), listener);
        GenerationRequest.Builder common = mapping.request(id, parameters, !echoes.isEmpty());
        SamplingOptions sampling = mapping.sampling(parameters);
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
        ResponseHead head = new ResponseHead(chat, id, System.currentTimeMillis() / 1000, model.name(), fingerprint);
        return new Prepared(
                head,
                requests,
                parameters.n(),
                parameters.bestOf(),
                echoes,
                new TokenLabels(inference.tokenizer()),
                parameters.logprobs() >= 0,
                parameters.stream(),
                parameters.includeUsage());
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
