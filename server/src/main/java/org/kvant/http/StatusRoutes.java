package org.kvant.http;

import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.watch.EngineState;
import org.kvant.openai.ApiError;
import org.kvant.openai.ApiException;
import org.kvant.openai.ModelJson;

/** {@code GET} of {@code /health}, {@code /ready}, {@code /metrics}, {@code /v1/models} and {@code /v1/models/{id}}. */
final class StatusRoutes {
    private final String modelId;
    private final WorkerExecutor workers;
    private final ServedEngine served;
    private final MetricsSource metrics;
    private final Refusals refusals;

    StatusRoutes(
            String modelId, WorkerExecutor workers, ServedEngine served, MetricsSource metrics, Refusals refusals) {
        this.modelId = modelId;
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
        router.get("/v1/models").handler(context -> models(context, ModelJson::list));
        // An id may hold slashes.
        router.getWithRegex("/v1/models/(?<id>.+)").handler(context -> {
            String asked = context.pathParam("id");
            try {
                RequestPreparer.checkModel(asked, modelId);
            } catch (ApiException e) {
                refusals.answer(context.response(), e.error());
                return;
            }
            models(context, ModelJson::single);
        });
    }

    /** The process is alive and its event loop runs. */
    private void health(RoutingContext context) {
        Answers.json(
                context.response(),
                new JsonObject().put("status", "ok").toBuffer().getBytes());
    }

    private void ready(RoutingContext context) {
        EngineState state = served.state();
        HttpServerResponse response = context.response();
        if (state != EngineState.READY) {
            response.setStatusCode(503);
        }
        Answers.json(
                response,
                new JsonObject()
                        .put("status", state.name().toLowerCase(Locale.ROOT))
                        .put("model", modelId)
                        .toBuffer()
                        .getBytes());
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

    @FunctionalInterface
    private interface Form {
        byte[] of(ModelJson model);
    }

    private void models(RoutingContext context, Form form) {
        try {
            ModelInfo model = served.ready().model();
            ModelJson json = new ModelJson(
                    modelId,
                    served.readySince(),
                    model.description(),
                    model.vocabularySize(),
                    model.trainContext(),
                    model.sequenceContext(),
                    model.embeddingLength(),
                    model.parameterCount(),
                    model.weightBytes());
            Answers.json(context.response(), form.of(json));
        } catch (ApiException | RuntimeException e) {
            refusals.answer(context.response(), Answers.describe(e));
        }
    }
}
