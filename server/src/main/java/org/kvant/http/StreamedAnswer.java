package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import org.kvant.api.AnswerEvents;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.TokenCounts;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.TokenLogprob;

/**
 * Server-sent events. The status line goes out with the first event (or the first ping), so that a failure before that has a status of its own.
 */
final class StreamedAnswer implements AnswerWriter {
    private static final CharSequence EVENT_STREAM = HttpHeaders.createOptimized("text/event-stream; charset=utf-8");
    private static final CharSequence NO_CACHE = HttpHeaders.createOptimized("no-cache");
    private static final CharSequence ACCEL_BUFFERING = HttpHeaders.createOptimized("X-Accel-Buffering");
    private static final byte[] PING = ": ping\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Vertx vertx;
    private final HttpServerResponse response;
    private final Prepared prepared;
    private final AnswerEvents events;
    /** Characters of each choice that have gone out, counted if log probabilities are sent. */
    private final int[] offsets;

    private final HttpVersion version;
    private final long pingTimer;
    /** What waits for the next flush. */
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

    private final BitSet begun = new BitSet();
    private TokenCounts usage = TokenCounts.NONE;
    private boolean silent = true;

    /** @param version of the request */
    StreamedAnswer(
            Vertx vertx, HttpServerResponse response, HttpVersion version, Prepared prepared, Duration pingInterval) {
        this.vertx = vertx;
        this.response = response;
        this.prepared = prepared;
        this.events = prepared.dialect().events(prepared.head(), prepared.includeUsage());
        this.offsets = new int[prepared.requests().size()];
        this.version = version;
        this.pingTimer = vertx.setPeriodic(pingInterval.toMillis(), _ -> ping());
    }

    @Override
    public void prompt(int index, List<TokenLogprob> logprobs) {
        EchoedPrompt echo = prepared.echoes().get(index / prepared.bestOf());
        begun.set(index);
        offsets[index] = events.text(out, index, echo.text(), prepared.labels().prompt(echo, logprobs), 0);
    }

    @Override
    public void text(int index, String text, List<TokenLogprob> logprobs) {
        begin(index);
        if (prepared.logprobs()) {
            offsets[index] += events.text(out, index, text, prepared.labels().label(logprobs), offsets[index]);
        } else {
            events.text(out, index, text);
        }
    }

    @Override
    public void end(int index, Finish finish) {
        begin(index);
        events.end(out, index, Figures.reason(finish), Figures.times(finish));
        usage = usage.plus(Figures.counts(finish, index % prepared.bestOf() == 0));
    }

    private void begin(int index) {
        if (!begun.get(index)) {
            begun.set(index);
            events.begin(out, index);
            if (!prepared.echoes().isEmpty()) {
                events.text(
                        out,
                        index,
                        prepared.echoes().get(index / prepared.bestOf()).text());
            }
        }
    }

    @Override
    public void flush() {
        if (out.size() > 0) {
            silent = false;
            head();
            response.write(take());
        }
    }

    @Override
    public Future<Void> complete() {
        head();
        if (prepared.includeUsage()) {
            events.usage(out, usage);
        }
        events.done(out);
        return response.end(take());
    }

    @Override
    public Future<Void> fail(ApiError error) {
        if (!response.headWritten()) {
            return Answers.error(response, error);
        }
        // Without a [DONE]: this text is not complete.
        events.error(out, error);
        return response.end(take());
    }

    @Override
    public void release() {
        vertx.cancelTimer(pingTimer);
    }

    private void head() {
        if (response.headWritten()) {
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, EVENT_STREAM)
                .putHeader(HttpHeaders.CACHE_CONTROL, NO_CACHE)
                // nginx would otherwise collect the events.
                .putHeader(ACCEL_BUFFERING, "no");
        switch (version) {
            case HTTP_1_1 -> response.setChunked(true);
            // Has no chunks: the end of the connection is the end of the stream.
            case HTTP_1_0 -> response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            case HTTP_2 -> {}
        }
    }

    private void ping() {
        if (silent && !response.ended() && !response.closed() && !response.writeQueueFull()) {
            head();
            response.write(Buffer.buffer(PING));
        }
        silent = true;
    }

    private Buffer take() {
        Buffer buffer = Buffer.buffer(out.toByteArray());
        out.reset();
        return buffer;
    }
}
