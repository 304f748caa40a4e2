package org.kvant.engine.cells;

import static org.kvant.engine.watch.EngineLog.LOG;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.Gauges;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Device;
import org.kvant.llama.FlashAttention;
import org.kvant.llama.KvCache;
import org.kvant.llama.Memory;
import org.kvant.llama.Model;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;

/**
 * A second context in which prompts for a quantized cache are computed in f16, and from which they go into that cache when they are complete. ggml's CPU
 * attention multiplies 64 tokens of a prompt by 64 cells at a time if the cells are f16; quantized ones it unpacks for each token anew
 * ({@code ggml_compute_forward_flash_attn_ext} in ggml-cpu/ops.cpp), which takes two to three times as long from a thousand tokens on. Generated tokens are
 * computed in the served context as always, and so is a prompt's last one, whose logits are sampled from. The scratch has the served context's sequences by
 * the same numbers, in one buffer for those few that are being computed, and is made for the first prompt that is worth it. Where the served context's attention is
 * computed in Java it is left alone, and its memory is given back. Belongs to the decode thread.
 */
public final class PromptScratch implements AutoCloseable {
    /** Tokens that ggml's attention takes at a time ({@code GGML_FA_TILE_Q}); shorter prompts gain little. */
    public static final int TILE = 64;

    /** Nothing was computed. */
    public static final int NOTHING = -1;

    /** What is to be computed of the first prompt that the context is made for, if nothing else runs or it may soon not be needed. */
    private static final int WORTH_MAKING = 256;
    /** A beginning that was computed for someone who left is kept from here on. */
    private static final int WORTH_KEEPING = 32;
    /** Caches are padded to so many cells. */
    private static final int PADDING = 256;
    /** Cells that rows beside a prompt's may take. */
    private static final int SPARE = StepCosts.ROWS;

    private final Context served;
    private final PrefixCache cache;
    private final Gauges gauges;
    private final ContextOptions options;
    private final Batch batch;
    private final boolean rewindable;
    /** By sequence: whose prompt is here. */
    private final @Nullable SlotOwner[] owners;

    private int reserved;
    private @Nullable ScratchTransfer transfer;
    private boolean failed;
    /** Also read by other threads. */
    private volatile @Nullable Context context;

    private PromptScratch(Context served, ContextOptions options, PrefixCache cache, Gauges gauges) {
        this.served = served;
        this.cache = cache;
        this.gauges = gauges;
        this.options = options;
        batch = new Batch(options.batchSize());
        rewindable = served.model().slidingWindow() == 0;
        owners = new SlotOwner[served.maxSequences()];
    }

    /**
     * One for this context; null where it would gain nothing: for a cache that isn't quantized, on a GPU, for a model without a KV cache.
     *
     * @param cache of the served context
     * @param gauges are told its memory
     */
    public static @Nullable PromptScratch of(Context served, EngineOptions engine, PrefixCache cache, Gauges gauges) {
        ContextOptions options =
                options(served.model(), engine, served.sequenceLength(), served.batchSize(), served.ubatchSize());
        return options == null ? null : new PromptScratch(served, options, cache, gauges);
    }

    /**
     * Its context beside one of the model with these figures; null where it would gain nothing.
     *
     * @param engine its context is the served one
     */
    public static @Nullable ContextOptions options(
            Model model, EngineOptions engine, int sequenceLength, int batchSize, int ubatchSize) {
        ContextOptions wanted = engine.context();
        boolean quantized =
                wanted.cacheTypeK().quantized() || wanted.cacheTypeV().quantized();
        if (!quantized
                || engine.promptScratchBytes() == 0
                || wanted.flashAttention() == FlashAttention.DISABLED
                || model.recurrent()
                || onGpu(engine)) {
            return null;
        }
        ContextOptions whole = ContextOptions.builder()
                .contextSize(sequenceLength)
                .batchSize(batchSize + SPARE)
                .ubatchSize(ubatchSize)
                .maxSequences(wanted.maxSequences())
                .maxOutputs(wanted.maxSequences())
                .cacheTypeK(GgmlType.F16)
                .cacheTypeV(GgmlType.F16)
                .kvUnified(true)
                .flashAttention(FlashAttention.ENABLED)
                .fullSwaCache(wanted.fullSwaCache())
                .build();
        long bytes = KvCache.of(model.metadata(), whole).bytes();
        long fitting = bytes <= engine.promptScratchBytes()
                ? sequenceLength
                : (long) ((double) sequenceLength * engine.promptScratchBytes() / bytes) / PADDING * PADDING;
        if (fitting < Math.max(WORTH_MAKING, wanted.maxSequences())) {
            return null;
        }
        int cells = (int) fitting;
        return whole.toBuilder()
                .contextSize(cells)
                .batchSize(Math.min(whole.batchSize(), cells))
                .ubatchSize(Math.min(whole.ubatchSize(), cells))
                .build();
    }

    private static boolean onGpu(EngineOptions engine) {
        return engine.model().gpuLayers() != 0
                && Backend.load(engine.natives()).devices().stream()
                        .anyMatch(device -> device.kind() != Device.Kind.CPU);
    }

    /** What the native memory has of a sequence. */
    public int cells(int sequence) {
        Context own = context;
        return own == null ? 0 : own.memory().maxPosition(sequence) + 1;
    }

    /** The most tokens of a step. */
    public int batchSize() {
        return options.batchSize() - SPARE;
    }

    /**
     * Whether a request's prompt is computed here, or would be if its turn came.
     *
     * @param alone whether no other request runs
     */
    public boolean takes(Slot slot, SlotOwner request, boolean alone) {
        if (owners[slot.sequence] == request) {
            return true;
        }
        int size = request.tokens().size();
        return !failed
                // It unpacks cells once for all rows of a prompt, and the served context then computes prompts as fast.
                && !served.hasOwnAttention()
                && !request.scratch().refused
                && size - 1 - slot.cells
                        >= (context == null && (alone || served.triesOwnAttention()) ? WORTH_MAKING : TILE)
                && !request.needsPromptLogprobs()
                // In the served context it would get cells of its own instead.
                && slot.shared == 0
                // Until the comparison an empty sequence is needed.
                && (transfer != null || slot.cells == 0)
                && fits(request);
    }

    private boolean fits(SlotOwner request) {
        return reserved + request.tokens().size() + SPARE <= options.contextSize();
    }

    /**
     * Gives a request's prompt its place here, with what the served context has of it.
     *
     * @return false if it must be computed there
     */
    public boolean begin(Slot slot, SlotOwner request) {
        if (owners[slot.sequence] == request) {
            return true;
        }
        if (failed || !fits(request)) {
            return false;
        }
        try {
            ScratchTransfer made = transfer == null ? make(slot, request) : transfer;
            if (made == null) {
                return false;
            }
            if (!made.in(slot)) {
                // Nor will there be in the next step.
                request.scratch().refused = true;
                return false;
            }
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException | OutOfMemoryError e) {
            giveUp(e.getMessage());
            return false;
        }
        owners[slot.sequence] = request;
        reserved += request.tokens().size() + SPARE;
        request.scratch().computed = slot.cells;
        return true;
    }

    private @Nullable ScratchTransfer make(Slot slot, SlotOwner request) {
        long begin = System.nanoTime();
        Context own = served.model().newContext(options, served);
        context = own;
        gauges.promptScratch = new ModelMemory(0, own.kvBytesK(), own.kvBytesV(), own.computeBufferBytes());
        transfer = ScratchTransfer.between(
                        served, own, slot.sequence, request.work().tokens(), cache)
                .orElse(null);
        if (transfer == null) {
            giveUp("this model's cells have a form that isn't known");
        } else {
            LOG.debug("Room for prompts in f16, {} cells, after {} ns", own.contextSize(), System.nanoTime() - begin);
        }
        return transfer;
    }

    /**
     * Computes tokens of prompts.
     *
     * @param requests that have {@link #begin begun} here, at most {@link #batchSize} tokens together
     * @param counts how many of each request's next tokens
     * @param size how many requests
     * @return rows that were added only to fill ggml's tiles; {@link #NOTHING} if nothing was computed: the requests are computed in the served context then,
     *     or dropped in the next step
     */
    public int compute(SlotOwner[] requests, int[] counts, int size) {
        Context own = context;
        if (own == null || failed) {
            return NOTHING;
        }
        batch.clear();
        for (int i = 0; i < size; i++) {
            int done = requests[i].scratch().computed;
            add(requests[i], done, done + counts[i]);
        }
        SlotOwner last = requests[size - 1];
        int end = last.scratch().computed + counts[size - 1];
        int fillers = rewindable ? -batch.size() & (StepCosts.ROWS - 1) : 0;
        for (int k = 0; k < fillers; k++) {
            int unused = batch.add(last.tokens().get(0), end + k, sequence(last), false);
        }
        try {
            switch (own.decode(batch)) {
                case DecodeResult.Ok ok -> {}
                case DecodeResult.NoSlot noSlot -> {
                    giveUp("there is no room for " + batch.size() + " tokens");
                    return NOTHING;
                }
                // Someone wants to stop.
                case DecodeResult.Aborted aborted -> {
                    rollBack(own, requests, size);
                    return NOTHING;
                }
            }
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException e) {
            giveUp(e.getMessage());
            return NOTHING;
        }
        if (fillers > 0) {
            boolean unused = own.memory().removeRange(sequence(last), end, Memory.END);
        }
        for (int i = 0; i < size; i++) {
            requests[i].scratch().computed += counts[i];
        }
        return fillers;
    }

    private void add(SlotOwner request, int from, int to) {
        for (int position = from; position < to; position++) {
            int unused = batch.add(request.tokens().get(position), position, sequence(request), false);
        }
    }

    private void rollBack(Context own, SlotOwner[] requests, int size) {
        for (int i = 0; i < size; i++) {
            SlotOwner request = requests[i];
            if (!own.memory().removeRange(sequence(request), request.scratch().computed, Memory.END)) {
                forget(sequence(request));
            }
        }
    }

    private static int sequence(SlotOwner request) {
        return Objects.requireNonNull(request.slot()).sequence;
    }

    /**
     * Gives the served context what there is of a request's prompt. If that is all but its last token, nothing of it stays here.
     *
     * @return false if the served context has no room for it: the prompt is computed there then, from the beginning
     */
    public boolean deliver(Slot slot, SlotOwner request) {
        boolean delivered = false;
        try {
            delivered = transfer != null && transfer.out(slot, request.scratch().computed, cache);
        } catch (BackendAbortedException e) {
            throw e;
        } catch (LlamaException | OutOfMemoryError e) {
            giveUp(e.getMessage());
        }
        if (!delivered) {
            request.scratch().refused = true;
        }
        if (!delivered || request.scratch().computed >= request.tokens().size() - 1) {
            forget(slot.sequence);
        }
        return delivered;
    }

    /** Gives others what they wait for, and those who left their place; before requests are given sequences. */
    public void tidy() {
        for (Slot slot : cache.slots()) {
            SlotOwner owner = owners[slot.sequence];
            if (owner == null) {
                continue;
            }
            if (slot.owner() != owner) {
                // Someone who comes back, as after a timeout, goes on from there.
                if (slot.idle()
                        && slot.tokens == owner.tokens()
                        && owner.scratch().computed - slot.cells >= WORTH_KEEPING) {
                    boolean unused = deliver(slot, owner);
                }
                forget(slot.sequence);
            } else if (failed) {
                forget(slot.sequence);
            }
        }
        if (failed || (reserved == 0 && served.hasOwnAttention())) {
            close();
        }
    }

    /** Gives the served context what a waiting request is to begin with. */
    public void deliverForks() {
        for (Slot slot : cache.slots()) {
            SlotOwner owner = owners[slot.sequence];
            if (owner != null
                    && slot.owner() == owner
                    && slot.cells < slot.forkAt
                    && slot.forkAt <= owner.scratch().computed) {
                boolean unused = deliver(slot, owner);
            }
        }
    }

    private void forget(int sequence) {
        SlotOwner owner = owners[sequence];
        Context own = context;
        if (owner == null || own == null) {
            return;
        }
        owners[sequence] = null;
        reserved -= owner.tokens().size() + SPARE;
        owner.scratch().computed = 0;
        own.memory().remove(sequence);
    }

    private void giveUp(@Nullable String reason) {
        failed = true;
        LOG.warn("Prompts are computed in the quantized cache from now on, which takes longer: {}", reason);
    }

    /** Stops the computation that is under way; any thread. */
    public void requestAbort() {
        Context own = context;
        if (own != null) {
            own.requestAbort();
        }
    }

    @Override
    public void close() {
        Context own = context;
        if (own != null) {
            context = null;
            transfer = null;
            gauges.promptScratch = ModelMemory.NONE;
            own.close();
        }
    }
}
