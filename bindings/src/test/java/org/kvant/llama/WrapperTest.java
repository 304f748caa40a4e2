package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.modelfile.ModelLoadException;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.llama.sampling.SamplerChain;

/** Right use works; misuse is an exception before native code sees it. */
class WrapperTest {
    @TempDir
    private static Path folder;

    private static Model model;

    @BeforeAll
    static void load() throws IOException {
        Backend.load();
        model = Model.load(TinyModel.llama().write(folder.resolve("tiny.gguf")));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ContextOptions.Builder options() {
        return ContextOptions.builder().contextSize(512).batchSize(64).ubatchSize(32);
    }

    private static Batch batch(int sequence, int from, int... tokens) {
        Batch batch = new Batch(64);
        for (int i = 0; i < tokens.length; i++) {
            batch.add(tokens[i], from + i, sequence, true);
        }
        return batch;
    }

    @Test
    void aModelSaysWhatItIs() {
        assertThat(model.architecture()).isEqualTo("llama");
        assertThat(model.layers()).isEqualTo(TinyModel.LAYERS);
        assertThat(model.heads()).isEqualTo(TinyModel.HEADS);
        assertThat(model.kvHeads()).isEqualTo(TinyModel.KV_HEADS);
        assertThat(model.headDimK()).isEqualTo(TinyModel.HEAD_DIM);
        assertThat(model.embeddingLength()).isEqualTo(TinyModel.EMBEDDING);
        assertThat(model.trainContext()).isEqualTo(TinyModel.TRAIN_CONTEXT);
        assertThat(model.weightBytes()).isEqualTo(TinyModel.llama().weightBytes());
        assertThat(model.parameterCount()).isEqualTo(TinyModel.llama().weightBytes() / 4);
        assertThat(model.description()).startsWith("llama");
        assertThat(model.recurrent()).isFalse();
    }

    @Test
    void theBackendListsDevices() {
        Backend backend = Backend.load();
        assertThat(backend.devices()).anyMatch(d -> d.kind() == Device.Kind.CPU && d.memoryTotalBytes() > 0);
        assertThat(backend.version()).contains("0.5.0").contains("0.25.1");
        assertThat(backend.systemInfo()).contains("CPU");
        assertThat(backend.hasAborted()).isFalse();
    }

    @Test
    void textSurvivesTokens() {
        Vocab vocab = model.vocab();
        for (String text : List.of("", "the sea", "é海\uD83D\uDE00 \t\n\0x", "x".repeat(5000))) {
            int[] tokens = vocab.tokenize(text, false, false);
            assertThat(vocab.detokenize(tokens, false, false)).isEqualTo(text);
        }
        assertThat(vocab.tokenize("the", false, false)).hasSize(1);
        assertThat(vocab.tokenize("<|im_end|>", false, true)).containsExactly(vocab.eos());
        assertThat(vocab.tokenize("<|im_end|>", false, false).length).isGreaterThan(1);
        assertThat(vocab.isEog(vocab.eos())).isTrue();
        assertThat(vocab.isControl(vocab.eos())).isTrue();
        assertThat(vocab.piece(vocab.eos(), false)).isEmpty();
        assertThat(new String(vocab.piece(vocab.eos(), true), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("<|im_end|>");
        assertThat(vocab.tokenize("\uD83D", false, false)).isEqualTo(vocab.tokenize("?", false, false));
    }

    @Test
    void tokensOutsideTheVocabularyAreRefused() {
        Vocab vocab = model.vocab();
        for (int token : new int[] {-1, vocab.size(), Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThatIllegalArgumentException().isThrownBy(() -> vocab.piece(token, true));
            assertThatIllegalArgumentException().isThrownBy(() -> vocab.isEog(token));
            assertThatIllegalArgumentException().isThrownBy(() -> vocab.text(token));
            assertThatIllegalArgumentException().isThrownBy(() -> vocab.detokenize(new int[] {0, token}, false, false));
            try (Context context = model.newContext(options().build())) {
                assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(0, 0, 1, token)));
            }
        }
    }

    @Test
    void theTemplateFormatsAConversation() throws Exception {
        assertThat(model.applyChatTemplate(List.of(new ChatMessage("user", "Hé")), true))
                .isEqualTo("<|im_start|>user\nHé<|im_end|>\n<|im_start|>assistant\n");
        String longText = "word ".repeat(3000);
        assertThat(model.applyChatTemplate(List.of(new ChatMessage("user", longText)), false))
                .contains(longText.strip());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.applyChatTemplate(List.of(new ChatMessage("user", "a\0b")), true));
    }

    @Test
    void unknownTemplatesAreRefused() throws Exception {
        Path none = TinyModel.qwen3()
                .metadata(m -> m.remove("tokenizer.chat_template"))
                .write(folder.resolve("none.gguf"));
        Path odd = TinyModel.qwen3()
                .metadata(m -> m.putString("tokenizer.chat_template", "{{ messages }}"))
                .write(folder.resolve("odd.gguf"));
        for (Path file : List.of(none, odd)) {
            try (Model other = Model.load(file)) {
                assertThatThrownBy(() -> other.applyChatTemplate(List.of(new ChatMessage("user", "x")), true))
                        .isInstanceOf(UnsupportedTemplateException.class);
            }
        }
    }

    @Test
    void sequencesDoNotDisturbEachOther() {
        try (Context context = model.newContext(options().maxSequences(2).build())) {
            float[] alone = logitsAfter(context, batch(0, 0, 5, 6, 7));
            context.memory().clear(true);
            Batch mixed = new Batch(64);
            mixed.add(5, 0, 0, false);
            mixed.add(9, 0, 1, false);
            mixed.add(6, 1, 0, false);
            mixed.add(10, 1, 1, false);
            int last = mixed.add(7, 2, 0, true);
            assertThat(context.decode(mixed)).isInstanceOf(DecodeResult.Ok.class);
            float[] beside = context.logits(last);
            for (int i = 0; i < alone.length; i++) {
                assertThat(beside[i]).isCloseTo(alone[i], org.assertj.core.api.Assertions.within(1e-2f));
            }
        }
    }

    private static float[] logitsAfter(Context context, Batch batch) {
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        float[] logits = new float[model.vocab().size()];
        context.logits(batch.size() - 1, logits);
        return logits;
    }

    @Test
    void badBatchesAreRefused() {
        try (Context context = model.newContext(options().maxSequences(2).build())) {
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(new Batch(4)));
            for (int sequence : new int[] {-1, 2, 255, 256, Integer.MAX_VALUE}) {
                assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(sequence, 0, 1)));
            }
            assertThatIllegalArgumentException().isThrownBy(() -> batch(0, -1, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> batch(0, Integer.MAX_VALUE, 1));
            Batch gap = batch(0, 0, 1, 2);
            gap.add(3, 3, 0, true);
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(gap));
            Batch twice = batch(0, 0, 1, 2);
            twice.add(3, 1, 0, true);
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(twice));
            context.decode(batch(0, 0, 1, 2));
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(0, 3, 1)));
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(0, 1, 1)));
            Batch large = new Batch(65);
            for (int i = 0; i < 65; i++) {
                large.add(1, i, 1, false);
            }
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(large));
            assertThatIllegalStateException().isThrownBy(() -> large.add(1, 65, 1, false));
            Batch shared = new Batch(4, 2);
            shared.add(1, 2, new int[] {0, 1}, true);
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(shared));
            assertThat(context.decode(batch(0, 2, 1))).isInstanceOf(DecodeResult.Ok.class);
        }
    }

    @Test
    void onlyLogitsThatWereAskedForCanBeRead() {
        try (Context context = model.newContext(options().build())) {
            Batch batch = new Batch(4);
            batch.add(1, 0, 0, false);
            batch.add(2, 1, 0, true);
            assertThatIllegalArgumentException().isThrownBy(() -> context.logits(0));
            context.decode(batch);
            assertThat(context.logits(1)).hasSize(model.vocab().size());
            for (int index : new int[] {-1, 0, 2, 63, Integer.MAX_VALUE}) {
                assertThatIllegalArgumentException().isThrownBy(() -> context.logits(index));
            }
            assertThatIllegalArgumentException().isThrownBy(() -> context.logits(1, new float[3]));
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch));
            assertThatIllegalArgumentException().isThrownBy(() -> context.logits(1)); // the failed decode has none
        }
        try (Context context = model.newContext(options().maxOutputs(2).build())) {
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(0, 0, 1, 2, 3)));
            assertThat(context.decode(batch(0, 0, 1, 2))).isInstanceOf(DecodeResult.Ok.class);
        }
    }

    @Test
    void aFullCacheIsAResult() {
        try (Context context = model.newContext(options().contextSize(256).build())) {
            int position = 0;
            DecodeResult result = new DecodeResult.Ok();
            while (result instanceof DecodeResult.Ok && position < 1000) {
                result = context.decode(batch(0, position, new int[32]));
                position += 32;
            }
            assertThat(result).isInstanceOf(DecodeResult.NoSlot.class);
            assertThat(context.memory().maxPosition(0)).isEqualTo(255);
            assertThat(context.memory().removeRange(0, 128, Memory.END)).isTrue();
            assertThat(context.decode(batch(0, 128, 1))).isInstanceOf(DecodeResult.Ok.class);
        }
    }

    @Test
    void memoryOperationsKeepWhatTheySay() {
        for (boolean unified : new boolean[] {true, false}) {
            try (Context context = model.newContext(
                    options().maxSequences(3).kvUnified(unified).build())) {
                Memory memory = context.memory();
                context.decode(batch(0, 0, 1, 2, 3, 4));
                float[] direct = logitsAfter(context, batch(0, 4, 5));
                memory.removeRange(0, 4, Memory.END);
                memory.copy(0, 2, 0, Memory.END);
                assertThat(memory.maxPosition(2)).isEqualTo(3);
                assertThat(logitsAfter(context, batch(2, 4, 5))).isEqualTo(direct);
                assertThatIllegalStateException().isThrownBy(() -> memory.copy(0, 2, 0, Memory.END));
                if (!unified) {
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.copy(0, 1, 1, 3));
                }
                memory.keep(2);
                assertThat(memory.maxPosition(0)).isEqualTo(-1);
                assertThat(memory.maxPosition(2)).isEqualTo(4);
                assertThat(memory.canShift()).isTrue();
                memory.removeRange(2, 0, 2);
                memory.shift(2, 2, Memory.END, -2);
                assertThat(memory.minPosition(2)).isZero();
                assertThat(context.decode(batch(2, 3, 6))).isInstanceOf(DecodeResult.Ok.class);
                for (int sequence : new int[] {-1, 3, 255, 256, 100_000}) {
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.remove(sequence));
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.copy(0, sequence, 0, Memory.END));
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.keep(sequence));
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.shift(sequence, 0, 1, 1));
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.maxPosition(sequence));
                    assertThatIllegalArgumentException().isThrownBy(() -> memory.minPosition(sequence));
                }
                assertThatIllegalArgumentException().isThrownBy(() -> memory.removeRange(0, 3, 2));
                assertThatIllegalArgumentException().isThrownBy(() -> memory.removeRange(0, -1, 2));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> memory.shift(2, 0, Memory.END, Integer.MAX_VALUE));
                memory.clear(false);
                assertThat(memory.maxPosition(2)).isEqualTo(-1);
            }
        }
    }

    @Test
    void aContextBelongsToItsThread() {
        try (Context context = model.newContext(options().build());
                SamplerChain sampler =
                        SamplerChain.builder(model.vocab()).greedy().build()) {
            Batch batch = batch(0, 0, 1);
            context.decode(batch);
            for (Runnable use : List.<Runnable>of(
                    () -> context.decode(batch),
                    () -> context.logits(0),
                    () -> context.memory().clear(true),
                    () -> context.memory().maxPosition(0),
                    () -> sampler.sample(context, 0),
                    () -> context.setThreads(1, 1),
                    context::close)) {
                assertThatThrownBy(() -> CompletableFuture.runAsync(use).join())
                        .hasCauseInstanceOf(WrongThreadException.class);
            }
            assertThat(context.logits(0)).isNotEmpty();
        }
    }

    @Test
    void abortStopsADecode() {
        try (Context context = model.newContext(options().build())) {
            CompletableFuture.runAsync(context::requestAbort).join();
            assertThat(context.decode(batch(0, 0, 1, 2))).isInstanceOf(DecodeResult.Aborted.class);
            assertThat(context.memory().maxPosition(0)).isEqualTo(-1);
            assertThatIllegalArgumentException().isThrownBy(() -> context.logits(0));
            assertThat(context.decode(batch(0, 0, 1, 2))).isInstanceOf(DecodeResult.Ok.class);
        }
    }

    @Test
    void anAbortOutlastsABatchThatIsRefused() {
        try (Context context = model.newContext(options().build())) {
            context.requestAbort();
            assertThatIllegalArgumentException().isThrownBy(() -> context.decode(batch(5, 0, 1)));
            assertThat(context.decode(batch(0, 0, 1))).isInstanceOf(DecodeResult.Aborted.class);
            assertThat(context.decode(batch(0, 0, 1))).isInstanceOf(DecodeResult.Ok.class);
        }
    }

    @Test
    void closedThingsRefuseWork() throws Exception {
        Model other = Model.load(TinyModel.qwen2().write(folder.resolve("closing.gguf")));
        Context context = other.newContext(options().build());
        SamplerChain sampler = SamplerChain.builder(other.vocab()).greedy().build();
        context.decode(batch(0, 0, 1));
        assertThatIllegalStateException().isThrownBy(other::close).withMessageContaining("1 open contexts");
        sampler.close();
        sampler.close();
        assertThatIllegalStateException().isThrownBy(() -> sampler.sample(context, 0));
        assertThatIllegalStateException().isThrownBy(() -> sampler.accept(1));
        context.close();
        context.close();
        assertThatCode(context::requestAbort).doesNotThrowAnyException();
        assertThatIllegalStateException().isThrownBy(() -> context.decode(batch(0, 0, 1)));
        assertThatIllegalStateException().isThrownBy(() -> context.logits(0));
        assertThatIllegalStateException().isThrownBy(() -> context.memory().clear(true));
        other.close();
        other.close();
        assertThat(other.isClosed()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> other.vocab().tokenize("x", false, false));
        assertThatIllegalStateException().isThrownBy(() -> other.vocab().piece(3, false));
        assertThatIllegalStateException()
                .isThrownBy(() -> other.newContext(options().build()));
        assertThatIllegalStateException().isThrownBy(other::description);
        assertThatIllegalStateException().isThrownBy(other::weightBytes);
    }

    @Test
    void aModelWithoutWeightsHasNoContext() throws Exception {
        Path file = TinyModel.gemma3().write(folder.resolve("vocabulary.gguf"));
        try (Model words = Model.load(file, ModelOptions.defaults().withVocabularyOnly(true))) {
            assertThat(words.vocab().tokenize("and the é", true, false))
                    .startsWith(words.vocab().bos());
            assertThatIllegalStateException()
                    .isThrownBy(() -> words.newContext(options().build()));
        }
    }

    @Test
    void samplersChooseAsTheyShould() {
        Vocab vocab = model.vocab();
        try (Context context = model.newContext(options().build());
                SamplerChain greedy = SamplerChain.builder(vocab).greedy().build();
                SamplerChain full = SamplerChain.builder(vocab)
                        .logitBias(Map.of(3, Float.NEGATIVE_INFINITY))
                        .penalties(64, 1.1f, 0.1f, 0.1f)
                        .topNSigma(0)
                        .topK(40)
                        .typical(1f, 1)
                        .topP(0.95f, 1)
                        .minP(0.05f, 1)
                        .xtc(0.5f, 0.1f, 1, 7)
                        .dynamicTemperature(0.8f, 0.2f, 1f)
                        .dist(42)
                        .build()) {
            float[] logits = logitsAfter(context, batch(0, 0, 1, 2, 3));
            int best = 0;
            for (int i = 1; i < logits.length; i++) {
                best = logits[i] > logits[best] ? i : best;
            }
            assertThat(greedy.sample(context, 2)).isEqualTo(best);
            int first = full.sample(context, 2);
            full.reset();
            assertThat(full.sample(context, 2)).isEqualTo(first).isNotEqualTo(3);
            full.accept(5);
            assertThatIllegalArgumentException().isThrownBy(() -> full.accept(-1));
            assertThatIllegalArgumentException().isThrownBy(() -> full.sample(context, 3));
            try (SamplerChain banned = SamplerChain.builder(vocab)
                    .logitBias(Map.of(best, Float.NEGATIVE_INFINITY))
                    .greedy()
                    .build()) {
                assertThat(banned.sample(context, 2)).isNotEqualTo(best);
            }
        }
    }

    @Test
    void samplersOutOfRangeAreRefused() {
        SamplerChain.Builder b = SamplerChain.builder(model.vocab());
        assertThatIllegalStateException().isThrownBy(b::build);
        assertThatIllegalStateException()
                .isThrownBy(() -> SamplerChain.builder(model.vocab()).topK(4).build());
        assertThatIllegalArgumentException().isThrownBy(() -> b.penalties(-1, 1, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> b.penalties(Integer.MAX_VALUE, 1.1f, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> b.penalties(64, 0, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> b.penalties(64, Float.NaN, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> b.penalties(64, 1, Float.POSITIVE_INFINITY, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> b.topP(Float.NaN, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> b.topP(1.5f, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> b.minP(-0.1f, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> b.minP(0.1f, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> b.temperature(Float.NaN));
        assertThatIllegalArgumentException().isThrownBy(() -> b.dist(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> b.dist(1L << 32));
        assertThatIllegalArgumentException().isThrownBy(() -> b.logitBias(Map.of(-1, 1f)));
        assertThatIllegalArgumentException().isThrownBy(() -> b.logitBias(Map.of(1, Float.NaN)));
        assertThatIllegalStateException()
                .isThrownBy(() -> SamplerChain.builder(model.vocab()).greedy().topK(1));
    }

    @Test
    void aSamplerIsForOneVocabulary() throws Exception {
        try (Model other = Model.load(TinyModel.gemma3().write(folder.resolve("other.gguf")));
                SamplerChain sampler =
                        SamplerChain.builder(other.vocab()).greedy().build();
                Context context = model.newContext(options().build())) {
            context.decode(batch(0, 0, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> sampler.sample(context, 0));
        }
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().maxSequences(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().maxSequences(257).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().maxSequences(40).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().batchSize(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().ubatchSize(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().contextSize(-1).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().threads(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().threads(513).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().maxOutputs(65).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().cacheTypeK(GgmlType.Q4_K).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options()
                        .cacheTypeV(GgmlType.Q8_0)
                        .flashAttention(FlashAttention.DISABLED)
                        .build())
                .withMessageContaining("flash attention");
    }

    @Test
    void loadingTellsHowFarItIs() throws Exception {
        Path file = TinyModel.llama().write(folder.resolve("progress.gguf"));
        double[] last = {-1};
        Model.load(file, ModelOptions.defaults().withProgress(f -> last[0] = f)).close();
        assertThat(last[0]).isEqualTo(1.0);
        assertThatThrownBy(() -> Model.load(file, ModelOptions.defaults().withProgress(f -> {
                    throw new UnsupportedOperationException("stop");
                })))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("stop");
    }

    @Test
    void filesThatAreNoModelsAreRefused() throws Exception {
        Path text = java.nio.file.Files.writeString(folder.resolve("text.gguf"), "not a model");
        assertThatThrownBy(() -> Model.load(text))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("text.gguf");
        assertThatThrownBy(() -> Model.load(folder.resolve("absent.gguf"))).isInstanceOf(IOException.class);
        Path short1 = TinyModel.llama().withoutTensor("output_norm.weight").write(folder.resolve("short.gguf"));
        assertThatThrownBy(() -> Model.load(short1))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("output_norm.weight");
    }

    @Test
    void aDamagedModelDoesNotReachTheSampler() throws Exception {
        // Norms so small that dividing by them overflows to infinity, and infinity minus infinity is no number.
        Path file = TinyModel.llama()
                .metadata(m -> m.putF32("llama.attention.layer_norm_rms_epsilon", 0f))
                .tensor("token_embd.weight", GgmlType.Q8_0, TinyModel.EMBEDDING, TinyVocabulary.BPE_SIZE)
                .write(folder.resolve("nan.gguf"));
        try (Model nan = Model.load(file);
                Context context = nan.newContext(options().build());
                SamplerChain sampler =
                        SamplerChain.builder(nan.vocab()).topK(40).dist(1).build()) {
            context.decode(batch(0, 0, 1));
            assertThatThrownBy(() -> sampler.sample(context, 0))
                    .isInstanceOf(LlamaException.class)
                    .hasMessageContaining("NaN");
        }
    }
}
