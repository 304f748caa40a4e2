package org.kvant.engine;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.StoredPrefixes;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.AbortWatch;
import org.kvant.engine.runtime.DecodeThread;
import org.kvant.engine.runtime.LoadedModel;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.ModelLoop;
import org.kvant.engine.runtime.ModelTemplates;
import org.kvant.engine.runtime.ModelTokenizer;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.sampling.SamplerPreparation;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.scheduling.ActiveRequest;
import org.kvant.engine.scheduling.AdmissionQueue;
import org.kvant.engine.scheduling.LiveRequests;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.speculation.DraftModel;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.Gauges;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.engine.watch.SafeListener;
import org.kvant.engine.watch.ThreadCounts;
import org.kvant.llama.Backend;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.UnsupportedTemplateException;
import org.kvant.promptstore.PromptStoreFigures;

/**
 * One model behind a decode thread, which owns the native context and everything in it; all methods here may be called from any thread. Several models can
 * share the thread: {@link org.kvant.engine.host.ModelHost}.
 */
public final class Engine implements AutoCloseable {
    private final EngineOptions options;
    private final SafeListener listener;
    private final AdmissionQueue queue;
    private final LiveRequests live;
    private final Gauges gauges = new Gauges();
    private final ModelLoop loop;
    private final DecodeThread decoder;
    private final boolean ownsDecoder;
    private final long startNanos = System.nanoTime();
    private final CountDownLatch settled = new CountDownLatch(1);

    private volatile EngineState state = EngineState.LOADING;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Loaded loaded;

    /** What stays to be known of a model whatever becomes of it; only the chat template needs it open. */
    private record Loaded(
            LoadedModel model,
            ModelInfo info,
            Tokenizer tokenizer,
            ThreadCounts threads,
            long kvBytesK,
            long kvBytesV,
            long computeBytes,
            ModelMemory draft,
            @Nullable StoredPrefixes stored) {}

    private Engine(
            Path file,
            EngineOptions options,
            EngineListener listener,
            DecodeThread decoder,
            boolean ownsDecoder,
            int quota) {
        this.decoder = decoder;
        this.ownsDecoder = ownsDecoder;
        this.options = options;
        this.listener = new SafeListener(listener);
        queue = new AdmissionQueue(options.queueCapacity());
        live = new LiveRequests(this.listener);
        loop = new ModelLoop(file, options, quota, decoder, queue, live, this.listener, gauges, new LoopEvents());
    }

    /**
     * Begins to load a model, for a decode thread of its own; returns at once in state {@link EngineState#LOADING}. A failure shows as
     * {@link EngineState#FAILED} with {@link #failure()}.
     */
    public static Engine start(Path modelFile, EngineOptions options, EngineListener listener) {
        return begin(new Engine(modelFile, options, listener, new DecodeThread("kvant-decode"), true, 1));
    }

    /**
     * The same on a decode thread that other models have, too.
     *
     * @param quota steps that this model may take before others get their turn, at least 1
     */
    public static Engine start(
            Path modelFile, EngineOptions options, EngineListener listener, DecodeThread decoder, int quota) {
        if (quota < 1) {
            throw new IllegalArgumentException("the quota must be at least 1 step, not " + quota);
        }
        return begin(new Engine(modelFile, options, listener, decoder, false, quota));
    }

    private static Engine begin(Engine engine) {
        engine.listener.stateChanged(EngineState.LOADING, null);
        engine.loop.start();
        return engine;
    }

    public EngineState state() {
        return state;
    }

    /** Why the engine is {@link EngineState#FAILED}; else null. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /**
     * Waits until the engine is no longer loading.
     *
     * @return the state then; {@link EngineState#LOADING} if the time ran out
     */
    public EngineState awaitReady(Duration timeout) throws InterruptedException {
        boolean unused = settled.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return state;
    }

    /** @throws EngineNotReadyException before the model is loaded */
    public ModelInfo model() {
        return loaded().info;
    }

    /** @throws EngineNotReadyException before the model is loaded */
    public Tokenizer tokenizer() {
        return loaded().tokenizer;
    }

    /**
     * How many threads compute.
     *
     * @throws EngineNotReadyException before the model is loaded
     */
    public ThreadCounts threads() {
        return loaded().threads;
    }

    /**
     * The chat templates in the model's file.
     *
     * @throws EngineNotReadyException before the model is loaded
     */
    public ModelTemplates templates() {
        return ModelTemplates.of(loaded().model.model());
    }

    /**
     * The prompt for a conversation by that one of llama.cpp's built-in templates which resembles the model's own.
     *
     * @param addAssistant whether the prompt ends with the beginning of the assistant's answer
     * @throws UnsupportedTemplateException if the model has no template or one that isn't known
     * @throws EngineNotReadyException before the model is loaded
     */
    public String applyChatTemplate(List<ChatMessage> messages, boolean addAssistant)
            throws UnsupportedTemplateException {
        return loaded().model.model().applyChatTemplate(messages, addAssistant);
    }

    /**
     * Admits a request. The sink's calls may begin before this returns.
     *
     * @throws QueueFullException if too many requests wait
     * @throws RequestRejectedException if this request can never be served
     * @throws EngineNotReadyException if the engine isn't {@link EngineState#READY}
     */
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        try {
            return admit(request, sink);
        } catch (QueueFullException | RequestRejectedException | EngineNotReadyException e) {
            listener.requestRejected(request.id(), e);
            throw e;
        }
    }

    private Generation admit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        if (state != EngineState.READY) {
            throw notReady();
        }
        ModelInfo info = loaded().info;
        checkPrompt(request.tokens(), info);
        CompletableFuture<TokenSampler> sampler = SamplerPreparation.needed(request) ? new CompletableFuture<>() : null;
        ActiveRequest active =
                new ActiveRequest(request, sink, info.sequenceContext(), options.contextShift(), sampler, loop::wake);
        live.add(active);
        boolean admitted = false;
        try {
            admitted = queue.offer(active, () -> listener.requestQueued(request.id()));
        } finally {
            if (!admitted) {
                live.remove(active);
            }
        }
        if (!admitted) {
            throw notReady();
        }
        if (sampler != null) {
            prepare(request, active, sampler);
        }
        loop.wake();
        return active;
    }

    private void prepare(GenerationRequest request, ActiveRequest active, CompletableFuture<TokenSampler> sampler) {
        try {
            loaded().model.preparation().start(request, active::finished, sampler, loop::wake);
        } catch (RejectedExecutionException e) {
            // The engine is being closed, and this request ended with the others.
            LOG.debug("Request {} comes too late", request.id());
        }
    }

    private static void checkPrompt(int[] tokens, ModelInfo info) throws RequestRejectedException {
        if (tokens.length == 0) {
            throw new RequestRejectedException(
                    RequestRejectedException.Reason.EMPTY_PROMPT, "The prompt has no tokens.");
        }
        if (tokens.length >= info.sequenceContext()) {
            throw new RequestRejectedException(
                    RequestRejectedException.Reason.CONTEXT_EXCEEDED,
                    "The prompt has " + tokens.length + " tokens; the context of a sequence has room for "
                            + info.sequenceContext()
                            + ", prompt and completion together. Shorten the prompt, or set the engine up with"
                            + " a larger context.");
        }
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] >= info.vocabularySize()) {
                throw new RequestRejectedException(
                        RequestRejectedException.Reason.INVALID_TOKEN,
                        "Token " + tokens[i] + " at index " + i + " of the prompt isn't in the vocabulary (0 to "
                                + (info.vocabularySize() - 1) + ").");
            }
        }
    }

    /** Gauges. */
    public EngineSnapshot snapshot() {
        Loaded l = loaded;
        ContextOptions context = options.context();
        return new EngineSnapshot(
                state,
                System.nanoTime() - startNanos,
                gauges.running,
                gauges.paused,
                queue.size(),
                context.maxSequences(),
                gauges.kvCellsUsed,
                gauges.kvCellsRunning,
                gauges.kvCellsShared,
                gauges.kvCellsEvicted,
                l == null ? 0 : l.info.contextSize(),
                l == null ? 0 : l.kvBytesK,
                l == null ? 0 : l.kvBytesV,
                context.cacheTypeK().ggmlName(),
                context.cacheTypeV().ggmlName(),
                l == null ? 0 : l.info.weightBytes(),
                l == null ? 0 : l.computeBytes,
                l == null ? ModelMemory.NONE : l.draft,
                gauges.promptScratch,
                l == null ? 0 : l.model.tokenTextBytes(),
                l == null || l.stored == null ? PromptStoreFigures.NONE : l.stored.figures());
    }

    /**
     * Stops admitting, lets running and waiting requests finish within {@code timeout}, cancels the rest and closes. Blocks until that is done.
     */
    public void drain(Duration timeout) {
        if (moveTo(EngineState.DRAINING)) {
            loop.drain();
            try {
                boolean unused = loop.idle().await(timeout.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        close();
    }

    /**
     * Cancels everything, frees the model and waits for that. Closing again does nothing. On the decode thread itself, as from
     * a sink, it doesn't wait.
     */
    @Override
    public void close() {
        loop.stop();
        if (decoder.current()) {
            return;
        }
        boolean interrupted = false;
        boolean ended = false;
        while (!ended && !AbortWatch.aborted()) {
            try {
                ended = loop.ended().await(100, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Loaded loaded() {
        Loaded l = loaded;
        if (l == null) {
            throw notReady();
        }
        return l;
    }

    private EngineNotReadyException notReady() {
        return new EngineNotReadyException(state, failure);
    }

    /** Changes the state if it may still change. */
    private synchronized boolean moveTo(EngineState next) {
        EngineState now = state;
        boolean allowed = switch (next) {
            case LOADING -> false;
            case READY -> now == EngineState.LOADING;
            case DRAINING -> now == EngineState.READY || now == EngineState.LOADING;
            case FAILED -> !now.ended();
            case STOPPED -> now != EngineState.STOPPED && now != EngineState.FAILED;
        };
        if (allowed) {
            state = next;
            listener.stateChanged(next, failure);
            if (next != EngineState.DRAINING) {
                settled.countDown();
            }
        }
        return allowed;
    }

    private void fail(Throwable cause) {
        failure = cause;
        boolean unused = moveTo(EngineState.FAILED);
    }

    private final Consumer<String> aborted = this::nativeAborted;

    private final class LoopEvents implements ModelLoop.Owner {
        @Override
        public void starting(Backend backend) {
            AbortWatch.add(aborted, backend);
        }

        @Override
        public void loaded(LoadedModel model, @Nullable StoredPrefixes stored) {
            DraftModel draft = model.draft();
            loaded = new Loaded(
                    model,
                    model.info(),
                    new ModelTokenizer(model.model().vocab()),
                    new ThreadCounts(model.context().threads(), model.context().threadsBatch()),
                    model.context().kvBytesK(),
                    model.context().kvBytesV(),
                    model.context().computeBufferBytes(),
                    draft == null ? ModelMemory.NONE : draft.memory(),
                    stored);
            if (moveTo(EngineState.READY)) {
                LOG.info(
                        "Ready: {}, {} sequences of {} tokens",
                        model.info().description(),
                        model.info().maxSequences(),
                        model.info().sequenceContext());
            }
        }

        @Override
        public void failed(Throwable cause) {
            fail(cause);
        }

        @Override
        public void stopped() {
            AbortWatch.remove(aborted);
            boolean unused = moveTo(EngineState.STOPPED);
            if (ownsDecoder) {
                decoder.close();
            }
        }
    }

    /** ggml gave up in this process; the decode thread may never come back. */
    void nativeAborted(String message) {
        fail(new IllegalStateException("The native library gave up: " + message));
        queue.close();
        live.failAll("The engine failed.");
        loop.idle().countDown();
    }
}
