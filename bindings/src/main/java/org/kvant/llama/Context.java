package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.llama_context_params;
import org.kvant.llama.ffi.llama_h;

/**
 * A model's state for a number of sequences: KV cache, buffers, threads. Confined to the thread that created it, or that it was handed over to: any other
 * gets a {@link WrongThreadException}, from every method but {@link #requestAbort}. A closed context throws
 * {@code IllegalStateException}.
 */
public final class Context implements AutoCloseable {
    private volatile Thread owner = Thread.currentThread();
    private final Model model;
    private final MemorySegment context;
    private final NativeBatch nativeBatch;
    private final ThreadPool threadPool;
    private final boolean guest;
    private final AbortFlag abortFlag;
    private final @Nullable EvalHook evalHook;
    private final @Nullable AttentionHook attentionHook;
    private final @Nullable CacheAttention attention;
    private final Memory memory;
    private final ContextMemoryFigures figures;
    private final int contextSize;
    private final int sequenceLength;
    private final int batchSize;
    private final int ubatchSize;
    private final int maxSequences;
    private final int maxOutputs;
    private final boolean kvUnified;
    private final GgmlType cacheTypeK;
    private final boolean shiftable;
    private @Nullable Candidates candidates;
    private @Nullable TopLogits topLogits;
    /** Threads that it computes on at most. */
    private int limit;

    private boolean computing;
    private boolean closed;

    /** @param host whose threads it computes on; null for threads of its own, as many as the options say */
    Context(Model model, ContextOptions wanted, @Nullable Context host) {
        NativeAbort.check();
        if (host != null) {
            host.check();
        }
        ContextOptions options = host == null
                ? wanted
                : wanted.toBuilder()
                        .threads(host.threadPool.threads())
                        .threadsBatch(host.threadPool.threadsBatch())
                        .build();
        KvCache.check(model.metadata(), options.cacheTypeK(), options.cacheTypeV(), options.flashAttention());
        requireRoom(model, options);
        this.model = model;
        this.abortFlag = new AbortFlag();
        EvalCallback callback = options.evalCallback();
        this.evalHook = callback == null ? null : new EvalHook(callback, abortFlag::raise);
        this.attention = options.attention();
        this.attentionHook = attention == null ? null : new AttentionHook(attention, options.maxSequences());
        MemorySegment created;
        try (NativeLog.Capture said = new NativeLog.Capture();
                Arena arena = Arena.ofConfined()) {
            created = llama_h.llama_init_from_model(model.segment(), parameters(arena, options));
            if (created.equals(MemorySegment.NULL)) {
                throw new ContextException("the context could not be created: " + said.problemsOr("out of memory?"));
            }
            this.figures = ContextMemoryFigures.of(said.lines());
        } catch (RuntimeException | Error e) {
            closeCallbacks();
            throw e;
        }
        this.context = created;
        MemorySegment nativeMemory = llama_h.llama_get_memory(context);
        if (nativeMemory.equals(MemorySegment.NULL)) {
            llama_h.llama_free(context);
            closeCallbacks();
            throw new ContextException("a model of architecture " + model.architecture()
                    + " has no memory of sequences: it cannot generate text");
        }
        this.contextSize = llama_h.llama_n_ctx(context);
        this.sequenceLength = llama_h.llama_n_ctx_seq(context);
        this.batchSize = llama_h.llama_n_batch(context);
        this.ubatchSize = llama_h.llama_n_ubatch(context);
        this.maxSequences = options.maxSequences();
        this.maxOutputs = options.maxOutputs() == 0 ? batchSize : Math.min(options.maxOutputs(), batchSize);
        this.kvUnified = options.kvUnified();
        this.cacheTypeK = options.cacheTypeK();
        this.shiftable = KvCache.canShift(model.metadata(), options.cacheTypeK());
        this.memory =
                new Memory(this, nativeMemory, kvUnified || attentionHook == null ? null : attentionHook.tensors());
        this.nativeBatch = new NativeBatch(batchSize);
        this.guest = host != null;
        if (host == null) {
            this.threadPool = new ThreadPool(context, options.threads(), options.threadsBatch());
        } else {
            this.threadPool = host.threadPool;
            threadPool.lend(context);
        }
        limit = Math.max(threadPool.threads(), threadPool.threadsBatch());
    }

    /** With a context size from the model, the check of the options has not seen it. */
    private static void requireRoom(Model model, ContextOptions options) {
        int size = options.contextSize() == 0 ? model.trainContext() : options.contextSize();
        if (size > ContextOptions.MAX_CONTEXT || size < options.maxSequences()) {
            throw new IllegalArgumentException("a context of " + size + " tokens cannot be made for "
                    + options.maxSequences() + " sequences; choose contextSize");
        }
    }

    private MemorySegment parameters(Arena arena, ContextOptions options) {
        MemorySegment p = llama_h.llama_context_default_params(arena);
        llama_context_params.n_ctx(p, options.contextSize());
        llama_context_params.n_batch(p, options.batchSize());
        llama_context_params.n_ubatch(p, options.ubatchSize());
        llama_context_params.n_seq_max(p, options.maxSequences());
        llama_context_params.n_outputs_max(p, options.maxOutputs());
        llama_context_params.n_threads(p, options.threads());
        llama_context_params.n_threads_batch(p, options.threadsBatch());
        llama_context_params.flash_attn_type(p, options.flashAttention().nativeValue());
        llama_context_params.type_k(p, options.cacheTypeK().id());
        llama_context_params.type_v(p, options.cacheTypeV().id());
        llama_context_params.offload_kqv(p, options.offloadKqv());
        llama_context_params.swa_full(p, options.fullSwaCache());
        llama_context_params.kv_unified(p, options.kvUnified());
        llama_context_params.no_perf(p, true);
        llama_context_params.abort_callback(p, abortFlag.callback());
        llama_context_params.abort_callback_data(p, abortFlag.data());
        if (evalHook != null) {
            llama_context_params.cb_eval(p, evalHook.stub());
        } else if (attentionHook != null) {
            llama_context_params.cb_eval(p, attentionHook.callback());
        }
        return p;
    }

    private void closeCallbacks() {
        abortFlag.close();
        if (evalHook != null) {
            evalHook.close();
        }
        if (attentionHook != null) {
            attentionHook.close();
        }
    }

    /**
     * Computes a batch. On return its logits are ready.
     *
     * @param batch not empty, at most {@link #batchSize} tokens; the tokens of a sequence must follow each other and what
     *     the memory has of it
     * @throws IllegalArgumentException if a token, sequence or position is wrong; nothing has been computed then
     * @throws DecodeException if llama.cpp failed; the message says what is left in the memory
     * @throws EvalCallbackException if the {@link EvalCallback} threw
     */
    public DecodeResult decode(Batch batch) {
        check();
        require(batch);
        // Stopped while it rotates shifted keys, llama.cpp would rotate some of them again next time.
        boolean whole = memory.deferred().shifts();
        if (whole) {
            abortFlag.hold(false);
        }
        try {
            return run(batch);
        } finally {
            abortFlag.clear();
            if (whole) {
                abortFlag.release();
            }
        }
    }

    /** A decode that is stopped at once or not at all, whatever is requested meanwhile: that is for the next one. */
    DecodeResult decode(Batch batch, boolean stop) {
        require(batch);
        abortFlag.hold(stop);
        try {
            return run(batch);
        } finally {
            abortFlag.release();
        }
    }

    /** What was requested to stop goes on counting if the batch is refused: nothing has run. */
    private void require(Batch batch) {
        nativeBatch.forget();
        BatchCheck.check(batch, this);
    }

    private DecodeResult run(Batch batch) {
        nativeBatch.fill(batch);
        if (limit != threadPool.limit()) {
            applyLimit();
        }
        if (evalHook != null) {
            evalHook.begin();
        }
        if (attentionHook != null) {
            attentionHook.begin();
        }
        int code;
        computing = true;
        try {
            code = llama_h.llama_decode(context, nativeBatch.segment());
            if (code == 0) {
                llama_h.llama_synchronize(context);
                if (!guest) {
                    threadPool.computed();
                }
            }
        } finally {
            computing = false;
        }
        NativeAbort.check();
        if (evalHook != null) {
            evalHook.rethrow();
        }
        if (attentionHook != null) {
            attentionHook.check();
        }
        if (code != -1) {
            memory.deferred().done();
        }
        return switch (code) {
            case 0 -> {
                if (evalHook == null || !evalHook.incomplete()) {
                    nativeBatch.rememberOutputs(batch);
                }
                yield new DecodeResult.Ok();
            }
            case 1 -> new DecodeResult.NoSlot();
            case 2 -> new DecodeResult.Aborted();
            case -1 -> throw new DecodeException(code, "llama.cpp refused the batch; the memory is as it was before");
            default ->
                throw new DecodeException(
                        code,
                        "decoding failed with code " + code
                                + "; micro-batches computed before the failure are left in the memory, the rest is not");
        };
    }

    /**
     * Copies the logits of one token of the last batch.
     *
     * @param batchIndex what {@link Batch#add} returned, of a token added with {@code logits}
     * @param target at least as long as the vocabulary
     */
    public void logits(int batchIndex, float[] target) {
        int size = model.vocab().size();
        if (target.length < size) {
            throw new IllegalArgumentException("the logits need " + size + " floats, the array has " + target.length);
        }
        MemorySegment.copy(logitsSegment(batchIndex), ValueLayout.JAVA_FLOAT, 0, target, 0, size);
    }

    /** The logits of one token of the last batch, one per token of the vocabulary. */
    public float[] logits(int batchIndex) {
        return logitsSegment(batchIndex).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Sets logits of one token of the last batch to negative infinity, so that no sampler chooses these tokens. */
    public void forbid(int batchIndex, int[] tokens) {
        MemorySegment row = logitsSegment(batchIndex);
        for (int token : tokens) {
            row.setAtIndex(ValueLayout.JAVA_FLOAT, model.vocab().checked(token), Float.NEGATIVE_INFINITY);
        }
    }

    /**
     * Sets the logits of all other tokens to negative infinity.
     *
     * @param allowed not empty: samplers need something to choose from
     */
    public void allowOnly(int batchIndex, BitSet allowed) {
        int size = model.vocab().size();
        if (allowed.isEmpty() || allowed.length() > size) {
            throw new IllegalArgumentException("the allowed tokens must be some of the vocabulary's " + size);
        }
        MemorySegment row = logitsSegment(batchIndex);
        for (int from = 0; from < size; ) {
            int next = allowed.nextSetBit(from);
            int to = next < 0 ? size : next;
            for (int token = from; token < to; token++) {
                row.setAtIndex(ValueLayout.JAVA_FLOAT, token, Float.NEGATIVE_INFINITY);
            }
            from = to + 1;
        }
    }

    /** Valid until the next decode; never leaves this package. */
    MemorySegment logitsSegment(int batchIndex) {
        check();
        nativeBatch.checkOutput(batchIndex);
        MemorySegment row = llama_h.llama_get_logits_ith(context, batchIndex);
        if (row.equals(MemorySegment.NULL)) {
            throw new LlamaException("llama.cpp has no logits for token " + batchIndex + " of the last batch");
        }
        return row.reinterpret(Float.BYTES * (long) model.vocab().size());
    }

    /** Made when the first sampler asks for it, since most requests don't need it. */
    Candidates candidates() {
        check();
        if (candidates == null) {
            candidates = new Candidates(model.vocab().size(), nativeBatch.arena());
        }
        return candidates;
    }

    /** Made when the first sampler asks for it. */
    TopLogits topLogits() {
        check();
        if (topLogits == null) {
            topLogits = new TopLogits(model.vocab().size());
        }
        return topLogits;
    }

    /**
     * Sets the numbers of threads for the following decodes.
     *
     * @throws IllegalStateException if it shares its threads with another context
     */
    public void setThreads(int threads, int threadsBatch) {
        check();
        if (guest) {
            throw new IllegalStateException("this context computes on another one's threads");
        }
        Check.range("threads", threads, 1, ContextOptions.MAX_THREADS);
        Check.range("threadsBatch", threadsBatch, 1, ContextOptions.MAX_THREADS);
        threadPool.replace(threads, threadsBatch);
        applyLimit();
    }

    /**
     * Computes the following decodes, also of the contexts that share its threads, on at most so many of them, until {@link #setThreads} or another limit; the others
     * rest.
     */
    public void limitThreads(int most) {
        check();
        Check.range("most", most, 1, ContextOptions.MAX_THREADS);
        threadPool.limit(most);
    }

    private void applyLimit() {
        limit = threadPool.limit();
        llama_h.llama_set_n_threads(
                context, Math.min(limit, threadPool.threads()), Math.min(limit, threadPool.threadsBatch()));
    }

    /**
     * Stops the decode that is running, or the next one if none is; may be called from any thread, and after closing. Works
     * on the CPU only: other devices finish what they compute.
     */
    public void requestAbort() {
        abortFlag.raise();
    }

    /** The KV cache. */
    public Memory memory() {
        return memory;
    }

    public Model model() {
        return model;
    }

    /** Cells of all sequences together, after rounding. */
    public int contextSize() {
        return contextSize;
    }

    /** The most positions that one sequence can have. */
    public int sequenceLength() {
        return sequenceLength;
    }

    /** The most tokens of a batch, after llama.cpp has limited it to the context size. */
    public int batchSize() {
        return batchSize;
    }

    /** The most tokens computed at a time. */
    public int ubatchSize() {
        return ubatchSize;
    }

    public int maxSequences() {
        return maxSequences;
    }

    /** The most tokens of a batch with logits. */
    public int maxOutputs() {
        return maxOutputs;
    }

    public boolean kvUnified() {
        return kvUnified;
    }

    public GgmlType cacheTypeK() {
        return cacheTypeK;
    }

    boolean shiftable() {
        return shiftable;
    }

    /** Whether its next decode computes attention by {@link ContextOptions#attention} instead of ggml. */
    public boolean hasOwnAttention() {
        return attention != null && attention.isOn();
    }

    /** Whether that is being found out just now, in about a second. */
    public boolean triesOwnAttention() {
        return attention != null && attention.isComputing();
    }

    /** Threads that compute single tokens. */
    public int threads() {
        return threadPool.threads();
    }

    /** Threads that compute batches. */
    public int threadsBatch() {
        return threadPool.threadsBatch();
    }

    /** Bytes of the K cache. */
    public long kvBytesK() {
        return figures.kvBytesK();
    }

    /** Bytes of the V cache. */
    public long kvBytesV() {
        return figures.kvBytesV();
    }

    /** Bytes of the buffers for intermediate results and outputs, as llama.cpp logs them (to a hundredth of a MiB); 0 if it does not. */
    public long computeBufferBytes() {
        return figures.computeBytes();
    }

    MemorySegment segment() {
        return context;
    }

    void check() {
        if (Thread.currentThread() != owner) {
            throw new WrongThreadException("a context belongs to one thread (" + owner.getName() + "), not to "
                    + Thread.currentThread().getName());
        }
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
        requireIdle();
        NativeAbort.check();
    }

    /** llama.cpp cannot be entered again from within, as an eval callback could try. */
    private void requireIdle() {
        if (computing) {
            throw new IllegalStateException("the context is computing: its eval callback cannot use it");
        }
    }

    void checkSequence(int sequence) {
        if (sequence < 0 || sequence >= maxSequences) {
            throw new IllegalArgumentException("sequence " + sequence + " is outside 0 to " + (maxSequences - 1));
        }
    }

    /**
     * Makes this the context of another thread, which alone may use and close it from now on: a model can then be loaded beside the decodes of others. The
     * caller sees to it that the other thread learns of it by a safe publication.
     *
     * @throws WrongThreadException if it isn't the calling thread's
     */
    public void handOver(Thread to) {
        check();
        owner = to;
    }

    /** Frees everything. A second call does nothing. */
    @Override
    public void close() {
        if (Thread.currentThread() != owner) {
            throw new WrongThreadException(
                    "a context must be closed by the thread that it belongs to (" + owner.getName() + ")");
        }
        if (closed) {
            return;
        }
        requireIdle();
        if (!guest && threadPool.guests() > 0) {
            throw new IllegalStateException("another context computes on this one's threads; close it first");
        }
        closed = true;
        if (!NativeAbort.hasAborted()) {
            llama_h.llama_free(context);
            if (guest) {
                threadPool.leave();
            } else {
                threadPool.close();
            }
            closeCallbacks();
            nativeBatch.close();
        }
        model.contextClosed();
    }
}
