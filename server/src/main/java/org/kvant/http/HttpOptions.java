package org.kvant.http;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the HTTP server is set up.
 *
 * @param host address or host name of the interface to listen on
 * @param port 0 takes a free one
 * @param modelIds what requests name the models by, each once; a request that names none means the first
 * @param apiKey what requests must bring along, except to {@code /health} and {@code /ready}; null lets everybody in
 * @param maxBodyBytes longest request body
 * @param requestTimeout how long a connection may take to send its first request's headers, and any request's body
 * @param keepAlive how long a connection may stay open between two requests; longer than clients keep theirs, so that it is the client who
 *     closes and no request meets a closing connection
 * @param pingInterval how long a stream stays silent before a comment tells the client and what stands between that it lives
 * @param logPrompts whether the log's line of a request has its prompt
 * @param fingerprint of this server's version, for {@code system_fingerprint}
 */
public record HttpOptions(
        String host,
        int port,
        List<String> modelIds,
        @Nullable String apiKey,
        int maxBodyBytes,
        Duration requestTimeout,
        Duration keepAlive,
        Duration pingInterval,
        boolean logPrompts,
        String fingerprint) {
    public static final int DEFAULT_MAX_BODY = 16 << 20;

    /** @throws IllegalArgumentException if a value is out of its range; the message names it */
    public HttpOptions {
        check(port >= 0 && port <= 65535, "The port must be between 0 and 65535, not " + port);
        modelIds = List.copyOf(modelIds);
        check(!modelIds.isEmpty(), "At least one model must have an id");
        check(modelIds.stream().noneMatch(String::isBlank), "A model's id must not be empty");
        check(Set.copyOf(modelIds).size() == modelIds.size(), "Two models have the same id: " + modelIds);
        check(apiKey == null || !apiKey.isBlank(), "The API key must not be empty");
        check(maxBodyBytes > 0, "The limit on request bodies must be at least 1 byte, not " + maxBodyBytes);
        check(requestTimeout.isPositive(), "The request timeout must be over 0");
        check(keepAlive.isPositive(), "The keep-alive time must be over 0");
        check(pingInterval.isPositive(), "The ping interval must be over 0");
    }

    /** Everything else by default: no key, 16 MiB, a minute for headers and body, 15 minutes between requests, a ping each 15 seconds. */
    public static HttpOptions of(String host, int port, String... modelIds) {
        return new HttpOptions(
                host,
                port,
                List.of(modelIds),
                null,
                DEFAULT_MAX_BODY,
                Duration.ofMinutes(1),
                Duration.ofMinutes(15),
                Duration.ofSeconds(15),
                false,
                "kvant");
    }

    public HttpOptions withApiKey(@Nullable String key) {
        return new HttpOptions(
                host,
                port,
                modelIds,
                key,
                maxBodyBytes,
                requestTimeout,
                keepAlive,
                pingInterval,
                logPrompts,
                fingerprint);
    }

    public HttpOptions withMaxBodyBytes(int bytes) {
        return new HttpOptions(
                host, port, modelIds, apiKey, bytes, requestTimeout, keepAlive, pingInterval, logPrompts, fingerprint);
    }

    public HttpOptions withTimeouts(Duration request, Duration betweenRequests) {
        return new HttpOptions(
                host,
                port,
                modelIds,
                apiKey,
                maxBodyBytes,
                request,
                betweenRequests,
                pingInterval,
                logPrompts,
                fingerprint);
    }

    public HttpOptions withPingInterval(Duration interval) {
        return new HttpOptions(
                host,
                port,
                modelIds,
                apiKey,
                maxBodyBytes,
                requestTimeout,
                keepAlive,
                interval,
                logPrompts,
                fingerprint);
    }

    public HttpOptions withFingerprint(String version) {
        return new HttpOptions(
                host,
                port,
                modelIds,
                apiKey,
                maxBodyBytes,
                requestTimeout,
                keepAlive,
                pingInterval,
                logPrompts,
                version);
    }

    public HttpOptions withLogPrompts(boolean log) {
        return new HttpOptions(
                host, port, modelIds, apiKey, maxBodyBytes, requestTimeout, keepAlive, pingInterval, log, fingerprint);
    }

    private static void check(boolean ok, String message) {
        if (!ok) {
            throw new IllegalArgumentException(message);
        }
    }
}
