package org.kvant.http;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;

/**
 * Reads a whole body within bounds of size and time, whatever its content type claims: {@code curl -d} calls JSON a form. All bodies together are
 * bounded as well, or a few dozen clients could fill the heap with them. Runs on the server's event loop only.
 */
final class BodyReader {
    /** The heap is made for requests, not for many of the longest ones at a time. */
    private static final int LONGEST_AT_ONCE = 4;

    private final Vertx vertx;
    private final int maxBytes;
    private final Duration timeout;
    /** Bytes of bodies that are being read or worked on. */
    private long held;

    BodyReader(Vertx vertx, int maxBytes, Duration timeout) {
        this.vertx = vertx;
        this.maxBytes = maxBytes;
        this.timeout = timeout;
    }

    /**
     * Must be called as soon as the request comes in.
     *
     * @param work what is done with the body; until its future completes the body counts as held
     * @return the work's result; fails with an {@link ApiException} if there is no body to work on
     */
    <T> Future<T> read(HttpServerRequest request, Function<byte[], Future<T>> work) {
        AtomicLong own = new AtomicLong();
        return read(request, own).compose(work).onComplete(_ -> held -= own.get());
    }

    private Future<byte[]> read(HttpServerRequest request, AtomicLong own) {
        Promise<byte[]> whole = Promise.promise();
        boolean tooLarge = declaredLength(request) > maxBytes;
        if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
            if (tooLarge) {
                // A client that waits for leave to send may or may not send after this: nobody can tell what comes next
                // on the connection.
                closeAfterAnswer(request);
            } else {
                request.response().writeContinue();
            }
        }
        if (tooLarge) {
            // What still comes is thrown away: closing at once would reset the connection before the client has read
            // the answer.
            whole.fail(new ApiException(ApiError.bodyTooLarge(maxBytes)));
            request.handler(_ -> {});
            return whole.future();
        }
        Buffer body = Buffer.buffer();
        long timer = vertx.setTimer(timeout.toMillis(), _ -> {
            closeAfterAnswer(request);
            whole.tryFail(new ApiException(ApiError.timedOut(timeout.toSeconds())));
        });
        request.handler(chunk -> {
            if (whole.future().isComplete()) {
                return;
            }
            if (body.length() + (long) chunk.length() > maxBytes) {
                whole.fail(new ApiException(ApiError.bodyTooLarge(maxBytes)));
            } else if (held + chunk.length() > (long) LONGEST_AT_ONCE * maxBytes) {
                whole.fail(new ApiException(
                        ApiError.overloaded("Too many long requests are being read at once. Try again later.")));
            } else {
                held += chunk.length();
                own.addAndGet(chunk.length());
                body.appendBuffer(chunk);
            }
        });
        request.endHandler(_ -> whole.tryComplete(body.getBytes()));
        request.exceptionHandler(_ -> whole.tryFail(new ApiException(
                ApiError.invalid("The request body ended before it was complete.", null, "incomplete_body"))));
        return whole.future().onComplete(_ -> vertx.cancelTimer(timer));
    }

    private static void closeAfterAnswer(HttpServerRequest request) {
        if (!request.response().headWritten() && request.version() != HttpVersion.HTTP_2) {
            request.response()
                    .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
                    // Vert.x would wait for the rest of the body, which may never come.
                    .bodyEndHandler(_ -> request.connection().close());
        }
    }

    private static long declaredLength(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException e) {
            // Netty refuses such a request before it comes here.
            return 0;
        }
    }
}
