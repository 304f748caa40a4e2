package org.kvant.http;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;
import java.util.TreeSet;
import org.kvant.api.common.ApiError;
import org.kvant.api.watch.MetricsSource;

/** Puts the routes together, and gives every failure outside them OpenAI's shape. */
final class Routes {
    private Routes() {}

    static Handler<HttpServerRequest> create(
            Vertx vertx,
            HttpOptions options,
            WireFormats formats,
            WorkerExecutor workers,
            ServedModels served,
            Inflight inflight,
            MetricsSource metrics,
            ConnectionGuard guard,
            Refusals refusals) {
        BodyReader bodies = new BodyReader(vertx, options.maxBodyBytes(), options.requestTimeout());
        StatusRoutes status = new StatusRoutes(workers, served, metrics, refusals);
        Router router = Router.router(vertx);
        status.addProbesTo(router);
        new StatusPage().addTo(router);
        if (options.apiKey() != null) {
            router.route().handler(new ApiKeyCheck(options.apiKey(), refusals));
        }
        status.addTo(router);
        new QueryRoutes(workers, bodies, served, refusals).addTo(router, formats.queries());
        new GenerationRoutes(vertx, options, workers, bodies, served, inflight, refusals)
                .addTo(router, formats.dialects());
        router.errorHandler(400, context -> badRequest(context.request(), refusals));
        router.errorHandler(404, context -> notFound(context, refusals));
        router.errorHandler(405, context -> methodNotAllowed(context, formats.paths(), refusals));
        router.errorHandler(500, context -> failed(context, refusals));
        return request -> {
            guard.requested(request);
            router.handle(request);
        };
    }

    /** What Netty could not read as a request; nothing more can be read from that connection. */
    static void invalid(HttpServerRequest request, Refusals refusals) {
        Throwable cause = request.decoderResult().cause();
        int status = switch (cause) {
            case TooLongHttpLineException _ -> 414;
            case TooLongHttpHeaderException _ -> 431;
            case null, default -> 400;
        };
        String message = switch (status) {
            case 414 -> "The request line is too long.";
            case 431 -> "The request's headers are too long.";
            default -> "The request is not valid HTTP.";
        };
        refusals.answer(
                        request.response(),
                        new ApiError(status, message, "invalid_request_error", null, "invalid_http"))
                .onComplete(_ -> request.connection().close());
    }

    private static void badRequest(HttpServerRequest request, Refusals refusals) {
        refusals.answer(request.response(), ApiError.invalid("The request URL is not valid.", null, "invalid_http"));
    }

    private static void notFound(RoutingContext context, Refusals refusals) {
        HttpServerRequest request = context.request();
        refusals.answer(
                request.response(), ApiError.unknownRoute(request.method().name(), path(request)));
    }

    private static void methodNotAllowed(RoutingContext context, Set<String> posts, Refusals refusals) {
        HttpServerRequest request = context.request();
        Set<String> allowed = new TreeSet<>(posts.contains(path(request)) ? Set.of("POST") : Set.of("GET"));
        request.response().putHeader("Allow", String.join(", ", allowed));
        refusals.answer(
                request.response(),
                ApiError.methodNotAllowed(request.method().name(), path(request), String.join(", ", allowed)));
    }

    private static void failed(RoutingContext context, Refusals refusals) {
        Throwable failure = context.failure() == null
                ? new IllegalStateException("A route failed without saying why")
                : context.failure();
        refusals.answer(context.response(), Answers.describe(failure));
    }

    private static String path(HttpServerRequest request) {
        return request.path() == null ? request.uri() : request.path();
    }
}
