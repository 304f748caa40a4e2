package org.kvant.engine;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.grammar.GrammarException;
import org.kvant.grammar.TokenTexts;
import org.kvant.llama.BackendAbortedException;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.LlamaException;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The native side of an engine: model, context, batch. Made, used and closed by the decode thread. */
final class LoadedModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    /** Bytes for logits beyond one row for each sequence. */
    private static final int EXTRA_LOGITS = 16 << 20;

    private static final int MIN_EXTRA_OUTPUTS = 16;
    private static final int MAX_EXTRA_OUTPUTS = 256;

    final Model model;
    final Context context;
    final Batch batch;
    /** Guesses ahead for it; null if there is none. */
    final @Nullable DraftModel draft;

    private final @Nullable AttentionChoice attention;

    private boolean limited;

    final Vocab vocab;
    final ModelInfo info;

    /** Makes samplers beside the decode thread. */
    final SamplerPreparation preparation = new SamplerPreparation(this);

    private volatile @Nullable TokenTexts tokenTexts;
    /** Tokens that the model's file says should never be sampled. */
    final int[] suppressedTokens;

    private LoadedModel(
            Path file, Model model, Context context, @Nullable AttentionChoice attention, @Nullable DraftModel draft) {
        this.model = model;
        this.draft = draft;
        this.context = context;
        this.attention = attention;
        batch = new Batch(context.batchSize());
        vocab = model.vocab();
        suppressedTokens = vocab.suppressedTokens();
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
                sequenceContext(model, context),
                context.maxSequences(),
                model.chatTemplate().isPresent());
    }

    static LoadedModel load(Path file, EngineOptions options) throws IOException {
        Model model = Model.load(file, options.model());
        try {
            AttentionChoice attention = AttentionChoice.of(model, options);
            Context context = model.newContext(contextOptions(model, options.context()).toBuilder()
                    .attention(attention == null ? null : attention.attention())
                    .build());
            try {
                if (options.contextShift()) {
                    ContextShift.check(model, context);
                }
                if (options.measureThreads()) {
                    ThreadTrial.run(context, options.context().threads(), CpuThreads.usable());
                }
                DraftOptions draft = options.draft();
                return new LoadedModel(
                        file,
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

    /** What an engine makes of the wanted options for this model. */
    static ContextOptions contextOptions(Model model, ContextOptions wanted) {
        // Each sequence has one token to sample from; more logits are for guessed tokens and for those of prompts.
        int row = Float.BYTES * model.vocab().size();
        int more = Math.clamp(EXTRA_LOGITS / row, MIN_EXTRA_OUTPUTS, MAX_EXTRA_OUTPUTS);
        return EngineOptions.sized(wanted, model.trainContext()).toBuilder()
                .maxOutputs(Math.min(wanted.batchSize(), wanted.maxSequences() + more))
                .build();
    }

    /** Beyond the training context a model's answers fall apart, so a sequence isn't given more (llama-server does the same). */
    private static int sequenceContext(Model model, Context context) {
        int train = model.trainContext();
        return train > 0 ? Math.min(train, context.sequenceLength()) : context.sequenceLength();
    }

    /** Every token's text, for grammars; collected when the first one comes. Any thread. */
    synchronized TokenTexts tokenTexts() {
        TokenTexts texts = tokenTexts;
        if (texts == null) {
            texts = new TokenTexts(vocab.size(), token -> vocab.piece(token, true), vocab::isEog);
            tokenTexts = texts;
        }
        return texts;
    }

    /** Java memory that {@link #tokenTexts} holds, about; 0 before. Any thread. */
    long tokenTextBytes() {
        TokenTexts texts = tokenTexts;
        return texts == null ? 0 : texts.heapBytes();
    }

    /** Touches the weights and buffers and makes every kind of native call once, with a few tokens that are forgotten again. */
    void warmUp() {
        int token = Math.max(0, vocab.bos());
        batch.clear();
        batch.add(token, 0, 0, false);
        int last = batch.add(token, 1, 0, true);
        if (context.decode(batch) instanceof DecodeResult.Ok) {
            GenerationRequest request =
                    GenerationRequest.builder("warm-up", new int[] {token}).build();
            try (RequestSampler sampler = new RequestSampler(this, request, new TokenList(request.tokens(), 0))) {
                byte[] unused = vocab.piece(sampler.next(context, last, 0), false);
            } catch (BackendAbortedException e) {
                throw e;
            } catch (LlamaException | GrammarException e) {
                log.warn("Warming up {} failed; its answers may be useless", info.path(), e);
            }
        }
        context.memory().clear(true);
        batch.clear();
    }

    /** Begins what is only found out beside the requests. */
    void tryAlternatives() {
        if (attention != null) {
            attention.begin();
        }
    }

    /**
     * Leaves a core to what is being tried out, for as long as that computes: ggml's threads wait for each other after every operation, and three on two cores take
     * several times as long as one alone. Before each step; the decode thread.
     */
    void makeWay() {
        boolean trying = attention != null && attention.computing();
        if (trying != limited) {
            limited = trying;
            int threads = Math.max(context.threads(), context.threadsBatch());
            int spare = Runtime.getRuntime().availableProcessors() - threads;
            context.limitThreads(trying && spare < 1 ? Math.max(1, threads - 1) : threads);
        }
    }

    /** Waits until that is known. */
    void awaitAlternatives() throws InterruptedException {
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
