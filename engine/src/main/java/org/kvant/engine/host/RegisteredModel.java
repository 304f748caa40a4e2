package org.kvant.engine.host;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.Engine;
import org.kvant.engine.EngineNotReadyException;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.ModelTemplates;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ThreadCounts;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.UnsupportedTemplateException;

/** A model of the {@link ModelRegistry}, run by an {@link Engine} of this process while it is loaded. Thread-safe. */
final class RegisteredModel implements ServedModel {
    private final ModelSpec spec;
    private final ModelHost host;
    private volatile @Nullable Engine engine;
    private volatile long readySince;
    private int leases;

    RegisteredModel(ModelSpec spec, ModelHost host) {
        this.spec = spec;
        this.host = host;
    }

    /** Begins to load it, unless it is there. */
    synchronized void load() {
        Engine present = engine;
        if (present == null || present.state().ended()) {
            engine = host.start(spec.file(), spec.options(), spec.listener(), spec.quota());
        }
    }

    /** One more who needs it. */
    synchronized void lease() {
        leases++;
    }

    /** One fewer. */
    synchronized void release() {
        leases--;
        notifyAll();
    }

    /**
     * Lets what runs finish and frees it. Blocks.
     *
     * @param timeout after which what still runs is cancelled
     */
    void unload(Duration timeout) {
        Engine present = engine;
        if (present != null) {
            present.drain(timeout);
            synchronized (this) {
                if (engine == present) {
                    engine = null;
                    readySince = 0;
                }
            }
        }
    }

    /**
     * Waits until nobody has a lease.
     *
     * @return false if the time ran out first
     */
    synchronized boolean awaitUnleased(Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        while (leases > 0) {
            long millis = (end - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                return false;
            }
            wait(millis);
        }
        return true;
    }

    void close() {
        Engine present = engine;
        if (present != null) {
            present.close();
        }
    }

    /**
     * Waits until it is no longer loading.
     *
     * @return the state then; {@link ModelState#LOADING} if the time ran out
     */
    ModelState awaitLoaded(Duration timeout) throws InterruptedException {
        Engine present = engine;
        if (present != null) {
            EngineState unused = present.awaitReady(timeout);
        }
        return state();
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public ModelState state() {
        Engine present = engine;
        if (present == null) {
            return ModelState.UNLOADED;
        }
        return switch (present.state()) {
            case LOADING -> ModelState.LOADING;
            case READY -> {
                if (readySince == 0) {
                    readySince = System.currentTimeMillis() / 1000;
                }
                yield ModelState.READY;
            }
            case DRAINING -> ModelState.DRAINING;
            case STOPPED -> ModelState.UNLOADED;
            case FAILED -> ModelState.FAILED;
        };
    }

    @Override
    public @Nullable Throwable failure() {
        Engine present = engine;
        return present == null ? null : present.failure();
    }

    @Override
    public long readySince() {
        return readySince;
    }

    @Override
    public ModelInfo info() {
        return engine().model();
    }

    @Override
    public Tokenizer tokenizer() {
        return engine().tokenizer();
    }

    @Override
    public ModelTemplates templates() {
        return engine().templates();
    }

    @Override
    public ThreadCounts threads() {
        return engine().threads();
    }

    @Override
    public String applyChatTemplate(List<ChatMessage> messages, boolean addAssistant)
            throws UnsupportedTemplateException {
        return engine().applyChatTemplate(messages, addAssistant);
    }

    @Override
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        return engine().submit(request, sink);
    }

    @Override
    public EngineSnapshot snapshot() {
        Engine present = engine;
        if (present != null) {
            return present.snapshot();
        }
        ContextOptions context = spec.options().context();
        return EngineSnapshot.unloaded(
                context.maxSequences(),
                context.cacheTypeK().ggmlName(),
                context.cacheTypeV().ggmlName());
    }

    private Engine engine() {
        Engine present = engine;
        if (present == null) {
            throw new EngineNotReadyException(EngineState.STOPPED, null);
        }
        return present;
    }
}
