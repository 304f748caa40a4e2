package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.engine.watch.EngineState;

/** A model behind the routes, whose engine comes some time after the server has begun to listen. Thread-safe. */
final class ServedEngine {
    static final String DRAINING = "The server is shutting down.";
    private static final String LOADING = "The model is still loading; GET /ready tells when it is there.";

    private final String name;
    private final Inflight inflight;
    private volatile @Nullable Inference inference;
    private volatile long readySince;

    /** @param name what requests call it */
    ServedEngine(String name, Inflight inflight) {
        this.name = name;
        this.inflight = inflight;
    }

    String name() {
        return name;
    }

    boolean isReady() {
        return state() == EngineState.READY;
    }

    void attach(Inference engine) {
        inference = engine;
    }

    /** A drain that has begun here shows at once, before the engine knows. */
    EngineState state() {
        Inference engine = inference;
        EngineState state = engine == null ? EngineState.LOADING : engine.state();
        return state == EngineState.READY && inflight.draining() ? EngineState.DRAINING : state;
    }

    /** @throws ApiException with status 503 unless requests are admitted */
    Inference ready() throws ApiException {
        Inference engine = inference;
        EngineState state = state();
        if (engine != null && state == EngineState.READY) {
            return engine;
        }
        throw new ApiException(ApiError.unavailable(
                switch (state) {
                    case LOADING, READY -> LOADING;
                    case DRAINING, STOPPED -> DRAINING;
                    case FAILED -> "The engine has failed; the server's log says why.";
                }));
    }

    /** Unix time in seconds at which the model was first seen ready. */
    long readySince() {
        if (readySince == 0) {
            readySince = System.currentTimeMillis() / 1000;
        }
        return readySince;
    }
}
