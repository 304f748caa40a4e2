package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.api.Query;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.watch.EngineState;

/** What the routes need of an engine; all of it thread-safe. A test puts a scripted one here. */
interface Inference extends Query.Model {
    EngineState state();

    /** Why the state is {@link EngineState#FAILED}; else null. */
    @Nullable
    Throwable failure();

    ModelInfo model();

    /** Returns at once; the sink is called on the decode thread. */
    Generation submit(GenerationRequest request, TokenSink sink) throws QueueFullException, RequestRejectedException;
}
