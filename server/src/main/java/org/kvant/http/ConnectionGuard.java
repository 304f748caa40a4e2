package org.kvant.http;

import io.netty.channel.ChannelPipeline;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.impl.HttpServerConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Closes connections that hold a place for nothing: silent before their first request, or idle between requests for long. A connection with a request
 * under way is never touched, however slow its generation is; an idle timeout of the socket could not tell the two apart, so that
 * one ({@link #limitSilence}) is in force only until the first request. Runs on the server's event loop only.
 */
final class ConnectionGuard {
    /** Vert.x's name for the handler that an idle timeout puts into the pipeline. */
    private static final String IDLE_HANDLER = "idle";

    private final Duration keepAlive;
    private final Map<HttpConnection, Seen> connections = new HashMap<>();

    private static final class Seen {
        int active;
        long idleSince = System.nanoTime();
    }

    ConnectionGuard(Vertx vertx, Duration keepAlive) {
        this.keepAlive = keepAlive;
        vertx.setPeriodic(Math.clamp(keepAlive.toMillis() / 4, 10, 5_000), _ -> sweep());
    }

    /** Vert.x knows no connection before its first request has been read, so the time until then is bounded by the socket's timeout. */
    static void limitSilence(HttpServerOptions options, Duration firstRequest) {
        options.setReadIdleTimeout(Math.toIntExact(firstRequest.toMillis())).setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
    }

    /** The first request is there: from here on only this class looks at the time. */
    void opened(HttpConnection connection) {
        ChannelPipeline pipeline =
                ((HttpServerConnection) connection).channelHandlerContext().pipeline();
        if (pipeline.get(IDLE_HANDLER) != null) {
            pipeline.remove(IDLE_HANDLER);
        }
        connections.put(connection, new Seen());
        connection.closeHandler(_ -> connections.remove(connection));
    }

    /** To be called first for each request; sets the response's end handler. */
    void requested(HttpServerRequest request) {
        Seen seen = connections.get(request.connection());
        if (seen == null) {
            return;
        }
        seen.active++;
        HttpServerResponse response = request.response();
        response.endHandler(_ -> {
            seen.active--;
            seen.idleSince = System.nanoTime();
        });
    }

    private void sweep() {
        long now = System.nanoTime();
        for (Map.Entry<HttpConnection, Seen> entry : Map.copyOf(connections).entrySet()) {
            Seen seen = entry.getValue();
            if (seen.active == 0 && now - seen.idleSince > keepAlive.toNanos()) {
                entry.getKey().close();
            }
        }
    }
}
