package org.kvant.engine.runtime;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.CellMemory;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.sampling.ModelVocabulary;
import org.kvant.engine.sampling.RequestSampler;
import org.kvant.engine.sampling.SamplerPreparation;
import org.kvant.engine.sampling.TokenPieces;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.scheduling.DecodeTarget;
import org.kvant.engine.settings.CpuThreads;
import org.kvant.engine.settings.DraftOptions;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.settings.EngineSetupException;
import org.kvant.engine.speculation.DraftModel;
import org.kvant.engine.watch.Gauges;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;

/** The native side of an engine: a model and its context. Made, used and closed by the decode thread. */
public final class LoadedModel implements DecodeTarget, AutoCloseable {
    final Model model;
    final Context context;
    final ModelInfo info;

    private final EngineOptions options;
    private final CellMemory cells;
    private final ModelVocabulary vocabulary;
    private final SamplerPreparation preparation;
    private final @Nullable DraftModel draft;
    private final @Nullable AttentionChoice attention;

    private LoadedModel(
            Path file,
            EngineOptions options,
            Model model,
            Context context,
            @Nullable AttentionChoice attention,
            @Nullable DraftModel draft) {
        this.options = options;
        this.model = model;
        this.draft = draft;
        this.context = context;
        this.attention = attention;
        cells = new ContextCells(context.memory());
        Vocab vocab = model.vocab();
        vocabulary = new ModelVocabulary(vocab);
        preparation = new SamplerPreparation(vocabulary, context);
        info = new ModelInfo(
                file,
                model.architecture(),
                model.description(),
                model.parameterCount(),
                model.weightBytes(),
                vocab.size(),
                model.embeddingLength(),
                model.layers(),
                model.trainContext(),
                context.contextSize(),
                ContextSizing.sequenceContext(model, context),
                context.maxSequences(),
                model.chatTemplate().isPresent());
    }

    /**
     * Loads a file.
     *
     * @throws EngineSetupException if the options don't fit the model
     * @throws IOException if the file can't be read or used
     */
    public static LoadedModel load(Path file, EngineOptions options) throws IOException {
        Model model = Model.load(file, options.model());
        try {
            AttentionChoice attention = AttentionChoice.of(model, options);
            Context context = model.newContext(ContextSizing.of(model, options.context()).toBuilder()
                    .attention(attention == null ? null : attention.attention())
                    .build());
            try {
                if (options.contextShift()) {
                    checkShift(model, context);
                }
                if (options.measureThreads()) {
                    ThreadTrial.run(context, options.context().threads(), CpuThreads.usable());
                }
                DraftOptions draft = options.draft();
                return new LoadedModel(
                        file,
                        options,
                        model,
                        context,
                        attention,
                        draft == null ? null : DraftModel.load(draft, options, context));
            } catch (IOException | RuntimeException e) {
                context.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static void checkShift(Model model, Context context) throws EngineSetupException {
        if (!context.memory().canShift()) {
            throw new EngineSetupException(
                    EngineSetupException.Setting.CONTEXT_SHIFT,
                    "the context can't be shifted with " + model.path() + ": positions in its memory (K cache of type "
                            + context.cacheTypeK().ggmlName()
                            + ") can't be moved; use an f16 cache if it is quantized or bf16");
        }
    }

    public Model model() {
        return model;
    }

    /** Belongs to the decode thread. */
    public Context context() {
        return context;
    }

    public ModelInfo info() {
        return info;
    }

    /** Makes samplers beside the decode thread. */
    public SamplerPreparation preparation() {
        return preparation;
    }

    /** Java memory that the texts of tokens hold, in bytes, about. Any thread. */
    public long tokenTextBytes() {
        return vocabulary.textBytes();
    }

    @Override
    public int batchSize() {
        return context.batchSize();
    }

    @Override
    public int maxOutputs() {
        return context.maxOutputs();
    }

    @Override
    public int maxSequences() {
        return context.maxSequences();
    }

    @Override
    public int contextSize() {
        return context.contextSize();
    }

    @Override
    public int sequenceLength() {
        return context.sequenceLength();
    }

    @Override
    public int sequenceContext() {
        return info.sequenceContext();
    }

    @Override
    public boolean sharedCells() {
        return options.context().kvUnified();
    }

    @Override
    public int slidingWindow() {
        return model.slidingWindow();
    }

    @Override
    public boolean recurrent() {
        return model.recurrent();
    }

    @Override
    public boolean addsBos() {
        return model.vocab().addsBos();
    }

    @Override
    public CellMemory memory() {
        return cells;
    }

    @Override
    public TokenPieces pieces() {
        return vocabulary;
    }

    @Override
    public DecodeResult decode(Batch batch) {
        return context.decode(batch);
    }

    @Override
    public void logits(int batchIndex, float[] into) {
        context.logits(batchIndex, into);
    }

    @Override
    public TokenSampler sampler(GenerationRequest request, TokenList tokens) throws GrammarException {
        return new RequestSampler(vocabulary, context, request, tokens);
    }

    @Override
    public @Nullable DraftModel draft() {
        return draft;
    }

    @Override
    public @Nullable PromptScratch scratch(PrefixCache cache, Gauges gauges) {
        return PromptScratch.of(context, options, cache, gauges);
    }

    /** Makes the contexts another thread's, which frees them in the end; see {@link Context#handOver}. */
    void handOver(Thread to) {
        context.handOver(to);
        if (draft != null) {
            draft.handOver(to);
        }
    }

    /** Begins what is only found out beside the requests. */
    public void tryAlternatives() {
        if (attention != null) {
            attention.begin();
        }
    }

    /** Leaves a core to what is being tried out, for as long as that computes. Before each step; the decode thread. */
    void makeWay() {
        if (attention != null) {
            attention.makeWay(context);
        }
    }

    /** Waits until that is known. */
    public void awaitAlternatives() throws InterruptedException {
        if (attention != null) {
            attention.await();
        }
    }

    @Override
    public void close() {
        if (attention != null) {
            attention.close();
        }
        preparation.close();
        if (draft != null) {
            draft.close();
        }
        context.close();
        model.close();
    }
}
