package org.kvant.http;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;

/**
 * Lets only requests through that bring the key, as {@code Authorization: Bearer KEY} or {@code X-Api-Key: KEY}. Compares hashes in constant time,
 * so that neither the key nor its length shows in how long a refusal takes.
 */
final class ApiKeyCheck implements Handler<RoutingContext> {
    private static final String BEARER = "bearer ";

    private final byte[] expected;
    private final Refusals refusals;

    ApiKeyCheck(String key, Refusals refusals) {
        this.refusals = refusals;
        expected = hash(key);
    }

    @Override
    public void handle(RoutingContext context) {
        String given = key(context.request());
        if (given != null && MessageDigest.isEqual(expected, hash(given))) {
            context.next();
        } else {
            context.response().putHeader("WWW-Authenticate", "Bearer");
            refusals.answer(context.response(), ApiError.unauthorized());
        }
    }

    private static @Nullable String key(HttpServerRequest request) {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return authorization.substring(BEARER.length()).strip();
        }
        return request.getHeader("X-Api-Key");
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
