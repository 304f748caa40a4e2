package org.kvant.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;
import org.kvant.llama.checks.DeepStack;
import org.kvant.llama.checks.ModelCheck;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.ChatCalls;
import org.kvant.llama.library.LibraryState;
import org.kvant.llama.library.Lifetime;
import org.kvant.llama.modelfile.ModelLoadException;
import org.kvant.llama.modelfile.ModelLoader;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.model.HyperParameters;

/**
 * A model's weights and vocabulary. May be used from any thread while it is open; it must outlive its contexts.
 */
public final class Model implements AutoCloseable {
    private final Lifetime lifetime = new Lifetime("model");
    private final MemorySegment model;
    private final Path path;
    private final Metadata metadata;
    private final HyperParameters parameters;
    private final ModelOptions options;
    private final Vocab vocab;
    private final int positions;

    private Model(MemorySegment model, GgufFile file, HyperParameters parameters, ModelOptions options) {
        this.model = model;
        this.path = file.path();
        this.metadata = file.metadata();
        this.parameters = parameters;
        this.options = options;
        this.positions = file.tensor("position_embd.weight")
                .map(t -> (int) Math.min(t.rows(), Batch.MAX_POSITION))
                .orElse(Batch.MAX_POSITION);
        this.vocab = new Vocab(
                lifetime,
                llama_h.llama_model_get_vocab(model),
                new DeepStack(text(metadata, "tokenizer.ggml.model"), text(metadata, "tokenizer.ggml.pre")),
                metadata.get(Vocab.NFC_KEY).orElse(null) instanceof MetaValue.Bool(var nfc) && nfc);
    }

    /** {@link #load(Path, ModelOptions)} with {@link ModelOptions#defaults()}. */
    public static Model load(Path file) throws IOException {
        return load(file, ModelOptions.defaults());
    }

    /**
     * Loads a model. The file is checked completely before llama.cpp sees it. {@link Backend#load} comes first.
     *
     * @param file a GGUF file; of a split one the first part
     * @throws GgufException if it is not a valid GGUF file
     * @throws ModelLoadException if llama.cpp cannot use it, saying why
     * @throws IOException if it cannot be read
     */
    public static Model load(Path file, ModelOptions options) throws IOException {
        Objects.requireNonNull(options, "options");
        LibraryState.require();
        try (GgufFile gguf = GgufFile.open(file)) {
            HyperParameters parameters = checked(gguf);
            MemorySegment model = new ModelLoader(gguf, options).load().segment();
            try {
                Model loaded = new Model(model, gguf, parameters, options);
                checkVocabulary(file, loaded.vocab);
                return loaded;
            } catch (RuntimeException | IOException e) {
                llama_h.llama_model_free(model);
                throw e;
            }
        }
    }

    private static HyperParameters checked(GgufFile gguf) throws IOException {
        try {
            return ModelCheck.check(gguf);
        } catch (GgufException e) {
            throw new ModelLoadException(gguf.path(), String.valueOf(e.getMessage()), e);
        }
    }

    /** What only shows once the vocabulary is loaded. */
    private static void checkVocabulary(Path file, Vocab vocab) throws IOException {
        if (vocab.addsBos() && vocab.bos() < 0) {
            throw new ModelLoadException(
                    file, "the vocabulary wants a text to begin with a token that it does not have");
        }
        if (vocab.addsEos() && vocab.eos() < 0) {
            throw new ModelLoadException(file, "the vocabulary wants a text to end with a token that it does not have");
        }
    }

    private static String text(Metadata metadata, String key) {
        return metadata.get(key).orElse(null) instanceof MetaValue.Str s ? s.value() : "";
    }

    MemorySegment segment() {
        return model;
    }

    /** Positions that a token can have: those with an embedding in models that learn them. */
    int positions() {
        return positions;
    }

    /** The file it was loaded from. */
    public Path path() {
        return path;
    }

    /** The file's metadata. */
    public Metadata metadata() {
        return metadata;
    }

    public Vocab vocab() {
        return vocab;
    }

    /** What its metadata says of its attention. */
    public HyperParameters parameters() {
        return parameters;
    }

    /** Such as {@code llama} or {@code qwen3}. */
    public String architecture() {
        return parameters.architecture();
    }

    /** Context length it was trained with. */
    public int trainContext() {
        return parameters.trainContext();
    }

    /** Width of the residual stream. */
    public int embeddingLength() {
        return parameters.embeddingLength();
    }

    public int layers() {
        return parameters.layers();
    }

    /** Attention heads; the most of any layer. */
    public int heads() {
        return parameters.maxHeads();
    }

    /** Key-value heads; the most of any layer. */
    public int kvHeads() {
        return parameters.maxKvHeads();
    }

    /** Length of a head's key. */
    public int headDimK() {
        return parameters.headDimK();
    }

    /** Length of a head's value. */
    public int headDimV() {
        return parameters.headDimV();
    }

    /** Tokens in the sliding window of the layers that have one; 0 if none has. */
    public int slidingWindow() {
        return parameters.window().any() ? parameters.window().size() : 0;
    }

    /** Whether the memory of a sequence is a state rather than a cache, so that it cannot be cut back. */
    public boolean recurrent() {
        return lifetime.use(() -> llama_h.llama_model_is_recurrent(model) || llama_h.llama_model_is_hybrid(model));
    }

    /** Architecture, size and file type in llama.cpp's words, such as {@code llama 135M Q4_K - Medium}. */
    public String description() {
        return lifetime.use(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment text = arena.allocate(512);
                int length = llama_h.llama_model_desc(model, text, text.byteSize());
                return length < 0 ? "" : text.getString(0);
            }
        });
    }

    /** Bytes of all tensors. */
    public long weightBytes() {
        return lifetime.use(() -> llama_h.llama_model_size(model));
    }

    public long parameterCount() {
        return lifetime.use(() -> llama_h.llama_model_n_params(model));
    }

    /** The chat template in the file, usually Jinja. */
    public Optional<String> chatTemplate() {
        return lifetime.use(() -> {
            MemorySegment template = llama_h.llama_model_chat_template(model, MemorySegment.NULL);
            return template.equals(MemorySegment.NULL) ? Optional.empty() : Optional.of(template.getString(0));
        });
    }

    /**
     * Formats a conversation with the model's template. llama.cpp does not interpret the template: it recognises some
     * (about fifty) by their text and has them built in.
     *
     * @param addAssistant whether to end with the beginning of the assistant's answer
     * @throws UnsupportedTemplateException if the model has no template or one that is not recognised
     */
    public String applyChatTemplate(List<ChatMessage> messages, boolean addAssistant)
            throws UnsupportedTemplateException {
        String template =
                chatTemplate().orElseThrow(() -> new UnsupportedTemplateException("the model has no chat template"));
        byte[] prompt = lifetime.use(() -> ChatCalls.format(
                template,
                messages.stream().map(ChatMessage::role).toList(),
                messages.stream().map(ChatMessage::content).toList(),
                addAssistant));
        if (prompt.length == 0 && !messages.isEmpty()) {
            throw new UnsupportedTemplateException(
                    "llama.cpp does not recognise the model's chat template (" + template.length() + " characters)");
        }
        return new String(prompt, StandardCharsets.UTF_8);
    }

    /**
     * A context for the calling thread, which alone may use and close it.
     *
     * @throws IllegalArgumentException if the options do not fit the model
     * @throws ContextException if llama.cpp cannot make it, as when memory is short
     */
    public Context newContext(ContextOptions contextOptions) {
        return newContext(contextOptions, null);
    }

    /**
     * As {@link #newContext(ContextOptions)}, for a context that never computes at the same time as another one of the same thread: it uses that one's
     * threads, whatever the options say, rather than having more of them in each other's way.
     *
     * @param host must be open as long as this one; null for threads of its own
     */
    public Context newContext(ContextOptions contextOptions, @Nullable Context host) {
        if (options.vocabularyOnly()) {
            throw new IllegalStateException("the model was loaded without its weights");
        }
        if (options.sizesOnly()) {
            throw new IllegalStateException("the model was loaded for its sizes only");
        }
        return made(contextOptions, host);
    }

    /**
     * What a context with these options would take, as llama.cpp computes it when it makes one, but without taking it.
     *
     * @throws IllegalArgumentException if the options do not fit the model
     * @throws IllegalStateException unless the model was loaded with {@link ModelOptions#sizesOnly}
     * @throws ContextException if llama.cpp cannot make such a context
     */
    public ContextSizes sizes(ContextOptions contextOptions) {
        if (!options.sizesOnly()) {
            throw new IllegalStateException("the model was not loaded for its sizes");
        }
        try (Context context = made(contextOptions, null)) {
            return new ContextSizes(
                    context.contextSize(),
                    context.sequenceLength(),
                    context.kvBytesK(),
                    context.kvBytesV(),
                    context.computeBufferBytes());
        }
    }

    private Context made(ContextOptions contextOptions, @Nullable Context host) {
        lifetime.addDependent();
        try {
            return new Context(this, contextOptions, host);
        } catch (RuntimeException | Error e) {
            lifetime.removeDependent();
            throw e;
        }
    }

    void contextClosed() {
        lifetime.removeDependent();
    }

    public boolean isClosed() {
        return lifetime.closed();
    }

    /**
     * Frees the model. A second call does nothing.
     *
     * @throws IllegalStateException while it has open contexts
     */
    @Override
    public void close() {
        lifetime.close("contexts", () -> llama_h.llama_model_free(model));
    }
}
