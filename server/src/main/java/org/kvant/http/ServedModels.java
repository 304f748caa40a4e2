package org.kvant.http;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;

/** The models behind the routes, by the names that requests use. Thread-safe. */
final class ServedModels {
    private final Map<String, ServedEngine> models;

    /** @param names in order; a request that names no model means the first */
    ServedModels(List<String> names, Inflight inflight) {
        Map<String, ServedEngine> byName = new LinkedHashMap<>();
        for (String name : names) {
            byName.put(name, new ServedEngine(name, inflight));
        }
        models = Collections.unmodifiableMap(byName);
    }

    Collection<ServedEngine> all() {
        return models.values();
    }

    /** The one that a request means which names none. */
    ServedEngine first() {
        return models.values().iterator().next();
    }

    /**
     * The model that a request asks for, whatever its state.
     *
     * @param asked null for the first
     * @throws ApiException with status 404 if there is none of this name
     */
    ServedEngine find(@Nullable String asked) throws ApiException {
        if (asked == null) {
            return first();
        }
        ServedEngine model = models.get(asked);
        if (model == null) {
            throw new ApiException(ApiError.modelNotFound(asked, String.join("', '", models.keySet())));
        }
        return model;
    }

    /**
     * As {@link #find}, for routes that llama-server has: where there is one model only, that is meant whatever a request calls it.
     *
     * @throws ApiException with status 404 if there are several, and none of this name
     */
    ServedEngine findAmongSeveral(@Nullable String asked) throws ApiException {
        return models.size() == 1 ? first() : find(asked);
    }

    /**
     * Refuses what no model could answer just now, before anything is read from a request.
     *
     * @throws ApiException with status 503 that says why, as the first model does
     */
    void requireAny() throws ApiException {
        for (ServedEngine model : all()) {
            if (model.isReady()) {
                return;
            }
        }
        Inference unused = first().ready();
    }
}
