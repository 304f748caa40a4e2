package org.kvant.http;

import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.openai.ModelJson;
import org.kvant.api.watch.MetricsSource;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.watch.EngineState;

/** {@code GET} of {@code /health}, {@code /ready}, {@code /metrics}, {@code /v1/models} and {@code /v1/models/{id}}. */
final class StatusRoutes {
    private final WorkerExecutor workers;
    private final ServedModels served;
    private final MetricsSource metrics;
    private final Refusals refusals;

    StatusRoutes(WorkerExecutor workers, ServedModels served, MetricsSource metrics, Refusals refusals) {
        this.workers = workers;
        this.served = served;
        this.metrics = metrics;
        this.refusals = refusals;
    }

    /** What an orchestrator asks, without a key. */
    void addProbesTo(Router router) {
        router.route("/health").method(HttpMethod.GET).method(HttpMethod.HEAD).handler(this::health);
        router.route("/ready").method(HttpMethod.GET).method(HttpMethod.HEAD).handler(this::ready);
    }

    void addTo(Router router) {
        router.get("/metrics").handler(this::metrics);
        router.get("/v1/models").handler(this::models);
        // An id may hold slashes.
        router.getWithRegex("/v1/models/(?<id>.+)").handler(this::model);
    }

    /**
     * Whether requests are answered, as llama-server says it: routers send none before. A server that drains still answers what it has begun, and is alive.
     */
    private void health(RoutingContext context) {
        HttpServerResponse response = context.response();
        JsonObject answer = new JsonObject();
        if (settled()) {
            answer.put("status", "ok");
        } else {
            // As llama-server says it. A probe is no request that was refused, so it isn't counted among those.
            response.setStatusCode(503);
            answer.put(
                    "error",
                    new JsonObject()
                            .put("code", 503)
                            .put("message", "Loading model")
                            .put("type", "unavailable_error"));
        }
        Answers.json(response, answer.toBuffer().getBytes());
    }

    /** Whether no model is being loaded any more. */
    private boolean settled() {
        return served.all().stream().noneMatch(model -> model.state() == EngineState.LOADING);
    }

    private void ready(RoutingContext context) {
        EngineState state = state();
        HttpServerResponse response = context.response();
        if (state != EngineState.READY) {
            response.setStatusCode(503);
        }
        JsonObject answer = new JsonObject()
                .put("status", lowerCase(state))
                .put("model", served.first().name());
        if (served.all().size() > 1) {
            JsonObject models = new JsonObject();
            for (ServedEngine model : served.all()) {
                models.put(model.name(), lowerCase(model.state()));
            }
            answer.put("models", models);
        }
        Answers.json(response, answer.toBuffer().getBytes());
    }

    /** Ready once nothing is being loaded, as long as some model is. */
    private EngineState state() {
        if (!settled()) {
            return EngineState.LOADING;
        }
        for (ServedEngine model : served.all()) {
            if (model.isReady()) {
                return EngineState.READY;
            }
        }
        return served.first().state();
    }

    private static String lowerCase(EngineState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private void metrics(RoutingContext context) {
        String accept = context.request().getHeader(HttpHeaders.ACCEPT);
        HttpServerResponse response = context.response();
        String names = context.queryParams().get("names");
        workers.executeBlocking(() -> scrape(accept, names), false)
                .onSuccess(scrape -> {
                    if (!response.closed()) {
                        response.putHeader(HttpHeaders.CONTENT_TYPE, scrape.contentType())
                                .end(Buffer.buffer(scrape.body()));
                    }
                })
                .onFailure(failure -> refusals.answer(response, Answers.describe(failure)));
    }

    private MetricsSource.Scrape scrape(@Nullable String accept, @Nullable String names) throws ApiException {
        try {
            return metrics.scrape(accept, names);
        } catch (IllegalArgumentException e) {
            throw new ApiException(ApiError.invalid(String.valueOf(e.getMessage()), "names", "invalid_value"));
        }
    }

    /** Those that answer; an error if none does. */
    private void models(RoutingContext context) {
        try {
            served.requireAny();
            List<ModelJson> models = new ArrayList<>();
            for (ServedEngine model : served.all()) {
                if (model.isReady()) {
                    models.add(json(model));
                }
            }
            Answers.json(context.response(), ModelJson.list(models));
        } catch (ApiException | RuntimeException e) {
            refusals.answer(context.response(), Answers.describe(e));
        }
    }

    private void model(RoutingContext context) {
        try {
            Answers.json(
                    context.response(),
                    json(served.find(context.pathParam("id"))).single());
        } catch (ApiException | RuntimeException e) {
            refusals.answer(context.response(), Answers.describe(e));
        }
    }

    private static ModelJson json(ServedEngine served) throws ApiException {
        ModelInfo model = served.ready().model();
        return new ModelJson(
                served.name(),
                served.readySince(),
                model.description(),
                model.vocabularySize(),
                model.trainContext(),
                model.sequenceContext(),
                model.embeddingLength(),
                model.parameterCount(),
                model.weightBytes());
    }
}
