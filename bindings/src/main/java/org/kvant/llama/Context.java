package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.checks.CacheTypes;
import org.kvant.llama.eval.EvalCallback;
import org.kvant.llama.eval.EvalCallbackException;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.AbortFlag;
import org.kvant.llama.library.CellListener;
import org.kvant.llama.library.Check;
import org.kvant.llama.library.ContextMemoryFigures;
import org.kvant.llama.library.ContextThreads;
import org.kvant.llama.library.GraphExtension;
import org.kvant.llama.library.GraphHook;
import org.kvant.llama.library.NativeAbort;
import org.kvant.llama.library.NativeLog;
import org.kvant.llama.library.Outputs;

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
    private final Outputs outputs;
    private final ContextThreads threads;
    private final AbortFlag abortFlag;
    private final @Nullable GraphHook hook;
    private final @Nullable OwnAttention attention;
    private final Memory memory;
    private final ContextMemoryFigures figures;
    private final BatchCheck check;
    private final int contextSize;
    private final int sequenceLength;
    private final int ubatchSize;
    private final boolean kvUnified;
    private final GgmlType cacheTypeK;
    private final boolean shiftable;

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
                        .threads(host.threads())
                        .threadsBatch(host.threadsBatch())
                        .build();
        CacheTypes.require(model.parameters(), options.cacheTypeK(), options.cacheTypeV());
        requireRoom(model, options);
        this.model = model;
        this.attention = options.attention();
        GraphExtension extension = options.evalCallback() == null ? attention : options.evalCallback();
        this.abortFlag = new AbortFlag();
        this.hook = extension == null ? null : extension.open(options.maxSequences(), abortFlag::raise);
        MemorySegment created;
        try (NativeLog.Capture said = new NativeLog.Capture();
                Arena arena = Arena.ofConfined()) {
            created = llama_h.llama_init_from_model(
                    model.segment(), ContextParameters.of(options, abortFlag, hook, arena));
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
        int batchSize = llama_h.llama_n_batch(context);
        this.ubatchSize = llama_h.llama_n_ubatch(context);
        this.kvUnified = options.kvUnified();
        this.cacheTypeK = options.cacheTypeK();
        this.shiftable = CacheTypes.canShift(model.metadata(), model.parameters(), options.cacheTypeK());
        CellListener cells = kvUnified || hook == null ? null : hook.cells().orElse(null);
        this.memory = new Memory(this, nativeMemory, cells);
        this.check = new BatchCheck(
                batchSize,
                options.maxOutputs() == 0 ? batchSize : Math.min(options.maxOutputs(), batchSize),
                options.maxSequences(),
                kvUnified,
                model.vocab(),
                model.positions());
        this.nativeBatch = new NativeBatch(batchSize);
        this.outputs = new Outputs(context, model.vocab().size(), batchSize, nativeBatch.arena());
        this.threads = host == null
                ? ContextThreads.own(context, options.threads(), options.threadsBatch())
                : host.threads.lend(context);
    }

    /** With a context size from the model, the check of the options has not seen it. */
    private static void requireRoom(Model model, ContextOptions options) {
        int size = options.contextSize() == 0 ? model.trainContext() : options.contextSize();
        if (size > ContextOptions.MAX_CONTEXT || size < options.maxSequences()) {
            throw new IllegalArgumentException("a context of " + size + " tokens cannot be made for "
                    + options.maxSequences() + " sequences; choose contextSize");
        }
    }

    private void closeCallbacks() {
        abortFlag.close();
        if (hook != null) {
            hook.close();
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
        outputs.forget();
        check.check(batch, memory::maxPosition);
    }

    private DecodeResult run(Batch batch) {
        nativeBatch.fill(batch);
        threads.begin();
        if (hook != null) {
            hook.begin();
        }
        int code;
        computing = true;
        try {
            code = llama_h.llama_decode(context, nativeBatch.segment());
            if (code == 0) {
                llama_h.llama_synchronize(context);
                threads.computed();
            }
        } finally {
            computing = false;
        }
        NativeAbort.check();
        if (hook != null) {
            hook.rethrow();
        }
        if (code != -1) {
            memory.deferred().done();
        }
        return switch (code) {
            case 0 -> {
                if (hook == null || !hook.incomplete()) {
                    outputs.remember(batch.size(), batch::logits);
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
        outputs().copy(batchIndex, target);
    }

    /** The logits of one token of the last batch, one per token of the vocabulary. */
    public float[] logits(int batchIndex) {
        return outputs().row(batchIndex).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Sets logits of one token of the last batch to negative infinity, so that no sampler chooses these tokens. */
    public void forbid(int batchIndex, int[] tokens) {
        for (int token : tokens) {
            model.vocab().checked(token);
        }
        outputs().forbid(batchIndex, tokens);
    }

    /**
     * Sets the logits of all other tokens to negative infinity.
     *
     * @param allowed not empty: samplers need something to choose from
     */
    public void allowOnly(int batchIndex, BitSet allowed) {
        outputs().allowOnly(batchIndex, allowed);
    }

    /** The last batch's logits, for the packages beside this one. */
    public Outputs outputs() {
        check();
        return outputs;
    }

    /**
     * Sets the numbers of threads for the following decodes.
     *
     * @throws IllegalStateException if it shares its threads with another context
     */
    public void setThreads(int threads, int threadsBatch) {
        check();
        Check.range("threads", threads, 1, ContextOptions.MAX_THREADS);
        Check.range("threadsBatch", threadsBatch, 1, ContextOptions.MAX_THREADS);
        this.threads.replace(threads, threadsBatch);
    }

    /**
     * Computes the following decodes, also of the contexts that share its threads, on at most so many of them, until {@link #setThreads} or another limit; the others
     * rest.
     */
    public void limitThreads(int most) {
        check();
        Check.range("most", most, 1, ContextOptions.MAX_THREADS);
        threads.limit(most);
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
        return check.batchSize();
    }

    /** The most tokens computed at a time. */
    public int ubatchSize() {
        return ubatchSize;
    }

    public int maxSequences() {
        return check.maxSequences();
    }

    /** The most tokens of a batch with logits. */
    public int maxOutputs() {
        return check.maxOutputs();
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
        return threads.single();
    }

    /** Threads that compute batches. */
    public int threadsBatch() {
        return threads.batch();
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
        check.checkSequence(sequence);
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
        if (threads.lent()) {
            throw new IllegalStateException("another context computes on this one's threads; close it first");
        }
        closed = true;
        if (!NativeAbort.hasAborted()) {
            llama_h.llama_free(context);
            threads.close();
            closeCallbacks();
            nativeBatch.close();
        }
        model.contextClosed();
    }
}
