package org.kvant.http;

import io.vertx.core.WorkerExecutor;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.Query;
import org.kvant.api.common.ApiException;

/** The routes of requests that are answered at once; on workers, since a megabyte takes a while to tokenize. */
final class QueryRoutes {
    private final WorkerExecutor workers;
    private final BodyReader bodies;
    private final ServedModels served;
    private final Refusals refusals;

    QueryRoutes(WorkerExecutor workers, BodyReader bodies, ServedModels served, Refusals refusals) {
        this.workers = workers;
        this.bodies = bodies;
        this.served = served;
        this.refusals = refusals;
    }

    void addTo(Router router, List<Query> queries) {
        for (Query query : queries) {
            router.post(query.path()).handler(context -> handle(context, query));
        }
    }

    private void handle(RoutingContext routing, Query query) {
        bodies.read(
                        routing.request(),
                        body -> workers.executeBlocking(
                                () -> {
                                    served.requireAny();
                                    return query.answer(this::find, body);
                                },
                                false))
                .onSuccess(answer -> Answers.json(routing.response(), answer))
                .onFailure(failure -> refusals.answer(routing.response(), Answers.describe(failure)));
    }

    private Inference find(@Nullable String name) throws ApiException {
        return served.findAmongSeveral(name).ready();
    }
}
