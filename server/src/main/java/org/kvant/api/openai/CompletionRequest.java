package org.kvant.api.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Fields;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.JsonTree;
import org.kvant.api.common.Prompt;
import org.kvant.api.common.UnsupportedFields;

/**
 * {@code POST /v1/completions}.
 *
 * @param model null if the request leaves it out
 * @param prompts at least one; each makes one choice, with its index
 * @param echo whether the prompt comes before the text
 * @param parameters everything else
 */
public record CompletionRequest(
        @Nullable String model, List<Prompt> prompts, boolean echo, GenerationParameters parameters) {
    static final int MAX_PROMPTS = 2048;
    private static final String SHAPES =
            "a string, an array of strings, an array of token ids or an array of such arrays";

    /** @throws ApiException with status 400 if the body is not such a request, or asks for something that isn't there */
    public static CompletionRequest parse(byte[] body) throws ApiException {
        Fields request = JsonTree.parseObject(body);
        UnsupportedFields.refuse(request);
        return new CompletionRequest(
                request.string("model"),
                prompts(request),
                request.bool("echo", false),
                GenerationParameters.read(request, GenerationParameters::completionLogprobs));
    }

    private static List<Prompt> prompts(Fields request) throws ApiException {
        Object value = request.raw("prompt");
        if (value == null) {
            throw Fields.missing("prompt");
        }
        if (value instanceof String) {
            return List.of(new Prompt.Text(Fields.string(value, "prompt")));
        }
        if (value instanceof int[]) {
            return List.of(new Prompt.Tokens(Fields.tokens(value, "prompt")));
        }
        List<@Nullable Object> values = request.list("prompt", SHAPES);
        if (values == null || values.isEmpty()) {
            throw Fields.invalidValue("prompt", "the array is empty; send " + SHAPES + ".");
        }
        if (values.getFirst() instanceof Number) {
            return List.of(new Prompt.Tokens(Fields.tokens(values, "prompt")));
        }
        if (values.size() > MAX_PROMPTS) {
            throw Fields.invalidValue("prompt", "at most " + MAX_PROMPTS + " prompts, not " + values.size() + ".");
        }
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            prompts.add(element(values.get(i), "prompt[" + i + "]"));
        }
        return List.copyOf(prompts);
    }

    private static Prompt element(@Nullable Object value, String path) throws ApiException {
        if (value instanceof String) {
            return new Prompt.Text(Fields.string(value, path));
        }
        if (value == null || Fields.elements(value) == null) {
            throw Fields.wrongType(path, "a string or an array of token ids", value);
        }
        int[] ids = Fields.tokens(value, path);
        if (ids.length == 0) {
            throw Fields.invalidValue(path, "a prompt needs at least one token.");
        }
        return new Prompt.Tokens(ids);
    }
}
