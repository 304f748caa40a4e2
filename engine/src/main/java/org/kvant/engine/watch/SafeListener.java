package org.kvant.engine.watch;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;

/** Keeps a listener's exceptions away from the decode thread; the first is logged. */
public final class SafeListener implements EngineListener {
    private final EngineListener listener;
    private volatile boolean reported;

    public SafeListener(EngineListener listener) {
        this.listener = listener;
    }

    @Override
    public void stateChanged(EngineState state, @Nullable Throwable failure) {
        try {
            listener.stateChanged(state, failure);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void requestQueued(String id) {
        try {
            listener.requestQueued(id);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void requestRejected(String id, Throwable cause) {
        try {
            listener.requestRejected(id, cause);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void requestStarted(String id, long queueNanos) {
        try {
            listener.requestStarted(id, queueNanos);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void prefillFinished(String id, long nanos, int promptTokens, int cachedTokens) {
        try {
            listener.prefillFinished(id, nanos, promptTokens, cachedTokens);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void firstToken(String id, long nanosSinceSubmit) {
        try {
            listener.firstToken(id, nanosSinceSubmit);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void token(String id, long nanosSincePrevious) {
        try {
            listener.token(id, nanosSincePrevious);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void requestPreempted(String id) {
        try {
            listener.requestPreempted(id);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {
        try {
            listener.requestFinished(id, outcome, usage, timings);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void decodeFailed(Throwable cause) {
        try {
            listener.decodeFailed(cause);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void schedulerStep(long nanos) {
        try {
            listener.schedulerStep(nanos);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void speculated(String id, int drafted, int accepted) {
        try {
            listener.speculated(id, drafted, accepted);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    @Override
    public void decodeStep(int batchTokens, int promptTokens, int sequences, long nanos) {
        try {
            listener.decodeStep(batchTokens, promptTokens, sequences, nanos);
        } catch (RuntimeException e) {
            report(e);
        }
    }

    private void report(RuntimeException e) {
        if (!reported) {
            reported = true;
            LOG.warn("The engine's listener failed; its further failures aren't logged", e);
        }
    }
}
