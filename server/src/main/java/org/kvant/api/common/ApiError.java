package org.kvant.api.common;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An error as OpenAI's API tells it: {@code {"error":{"message":…,"type":…,"param":…,"code":…}}} with an HTTP status.
 *
 * @param status HTTP status
 * @param message one or two sentences for the caller: what is wrong, where, and what to do
 * @param type the class of error, as {@code invalid_request_error}
 * @param param path of the request field that is at fault, as {@code messages[0].content}; null if none is
 * @param code machine-readable cause, as {@code model_not_found}; null if there is none
 */
public record ApiError(
        int status,
        String message,
        String type,
        @Nullable String param,
        @Nullable String code) {
    private static final String INVALID_REQUEST = "invalid_request_error";
    private static final String SERVER = "server_error";

    /** 400: the request itself is wrong. */
    public static ApiError invalid(String message, @Nullable String param, @Nullable String code) {
        return new ApiError(400, message, INVALID_REQUEST, param, code);
    }

    /** 400: more tokens than a sequence can hold. {@code param} is the field that holds the text. */
    public static ApiError contextExceeded(int limit, int tokens, String param) {
        return invalid(
                "This model's maximum context length is " + limit + " tokens, prompt and completion together, but '"
                        + param + "' came to " + tokens
                        + " tokens. Shorten it, or start the server with a larger --ctx-size.",
                param,
                "context_length_exceeded");
    }

    /** 400: so long a text that nobody needs to count its tokens. */
    public static ApiError textExceedsContext(int limit, int characters, String param) {
        return invalid(
                "This model's maximum context length is " + limit + " tokens, prompt and completion together, but '"
                        + param + "' has " + characters + " characters, which cannot fit. Shorten it.",
                param,
                "context_length_exceeded");
    }

    /** 401: no key, or a wrong one. */
    public static ApiError unauthorized() {
        return new ApiError(
                401,
                "Missing or incorrect API key: send it as 'Authorization: Bearer KEY'.",
                "authentication_error",
                null,
                "invalid_api_key");
    }

    /** 404: there is no such model here. */
    public static ApiError modelNotFound(String asked, String served) {
        return new ApiError(
                404,
                "The model '" + shorten(asked) + "' does not exist here; this server serves '" + served + "'.",
                INVALID_REQUEST,
                "model",
                "model_not_found");
    }

    /** 400: an answer that can't be held in memory, whatever else goes on. */
    public static ApiError answerTooLarge(long bytes, long limit) {
        return invalid(
                "The answer could take " + mebibytes(bytes) + " MiB of this server's memory, and "
                        + mebibytes(limit) + " MiB is the limit. Ask for fewer prompts, a smaller 'n' or 'best_of',"
                        + " fewer 'max_tokens' or fewer log probabilities, or stream the answer.",
                "n",
                "answer_too_large");
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }

    /** 404: there is no such route. */
    public static ApiError unknownRoute(String method, String path) {
        return new ApiError(
                404,
                "Unknown request URL: " + method + " " + shorten(path) + ".",
                INVALID_REQUEST,
                null,
                "unknown_url");
    }

    /** 405: the route exists for other methods. */
    public static ApiError methodNotAllowed(String method, String path, String allowed) {
        return new ApiError(
                405,
                "Not allowed to " + method + " on " + shorten(path) + ": use " + allowed + ".",
                INVALID_REQUEST,
                null,
                "method_not_supported");
    }

    /** 408: the body took too long. */
    public static ApiError timedOut(long seconds) {
        return new ApiError(
                408,
                "The request body did not arrive within " + seconds + " seconds.",
                INVALID_REQUEST,
                null,
                "request_timeout");
    }

    /** 408: the request's own timeout is over. */
    public static ApiError timeoutOver() {
        return new ApiError(
                408,
                "The request was not finished within its 'timeout'; send a larger one, or ask for fewer tokens.",
                "timeout_error",
                "timeout",
                "timeout");
    }

    /** 413: the body is over the server's limit. */
    public static ApiError bodyTooLarge(long limitBytes) {
        return new ApiError(
                413,
                "The request body is larger than " + limitBytes + " bytes, this server's limit (--max-body).",
                INVALID_REQUEST,
                null,
                "request_too_large");
    }

    /** 429: the queue is full. */
    public static ApiError overloaded(String message) {
        return new ApiError(429, message, "rate_limit_error", null, "rate_limit_exceeded");
    }

    /** 503: loading, draining or failed. */
    public static ApiError unavailable(String message) {
        return new ApiError(503, message, "unavailable_error", null, "service_unavailable");
    }

    /** 500: a fault of the server. */
    public static ApiError internal(String message) {
        return new ApiError(500, message, SERVER, null, null);
    }

    /** The JSON body. */
    public byte[] toJson() {
        return JsonText.bytes(json -> {
            json.writeStartObject();
            writeTo(json);
            json.writeEndObject();
        });
    }

    /** The field {@code error} of an object that is open in {@code json}. */
    void writeTo(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("error");
        json.writeStringField("message", wellFormed(message));
        json.writeStringField("type", type);
        json.writeStringField("param", param);
        json.writeStringField("code", code);
        json.writeEndObject();
    }

    /** What a caller sent may be megabytes long; an error need not send it all back. */
    public static String shorten(String text) {
        return text.length() <= 120 ? text : text.substring(0, 120) + "…";
    }

    /** A message may quote what the caller sent, and the cut may halve a surrogate pair: neither may fail the answer. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
