package org.kvant.llama.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;

/** Chains that look at the likeliest tokens only draw what llama.cpp's own draw from all of them. */
class PreselectionTest {
    private static final int TOKENS = 40;

    @TempDir
    Path folder;

    @Test
    void drawsAreTheSame() throws Exception {
        Backend.load();
        try (Model model = Model.load(TinyModel.llama().write(folder.resolve("tiny.gguf")))) {
            assertSame(model, chain -> chain.greedy());
            assertSame(model, chain -> chain.topK(1).dist(1));
            for (long seed = 1; seed <= 5; seed++) {
                long s = seed;
                assertSame(model, chain -> chain.topK(40).temperature(3).dist(s));
                assertSame(
                        model,
                        chain -> chain.topK(256).topP(0.9f, 1).temperature(2).dist(s));
                assertSame(
                        model,
                        chain -> chain.topK(7).typical(0.9f, 2).minP(0.01f, 1).dist(s));
                assertSame(
                        model,
                        chain -> chain.topK(20)
                                .xtc(0.5f, 0.01f, 1, s)
                                .temperature(1)
                                .dist(s));
                assertSame(model, chain -> chain.topK(30).temperature(2).mirostatV2(5, 0.1f, s));
            }
        }
    }

    @Test
    void whatIsBannedIsNotDrawn() throws Exception {
        Backend.load();
        try (Model model = Model.load(TinyModel.llama().write(folder.resolve("tiny.gguf")));
                Context context = context(model)) {
            decode(context, 3, 0);
            try (SamplerChain free =
                    SamplerChain.builder(model.vocab()).greedy().build()) {
                int best = free.sample(context, 0);
                Map<Integer, Float> ban = Map.of(best, Float.NEGATIVE_INFINITY);
                try (SamplerChain greedy = SamplerChain.builder(model.vocab())
                                .logitBias(ban)
                                .greedy()
                                .build();
                        SamplerChain two = SamplerChain.builder(model.vocab())
                                .logitBias(ban)
                                .topK(2)
                                .dist(1)
                                .build();
                        // A bias that is no ban may move a token into the selection.
                        SamplerChain wished = SamplerChain.builder(model.vocab())
                                .logitBias(Map.of(best, Float.NEGATIVE_INFINITY, 17, 1000f))
                                .topK(2)
                                .dist(1)
                                .build()) {
                    assertThat(greedy.sample(context, 0)).isNotEqualTo(best);
                    assertThat(two.sample(context, 0)).isNotEqualTo(best);
                    assertThat(wished.sample(context, 0)).isEqualTo(17);
                    // The logits themselves are as they were.
                    assertThat(free.sample(context, 0)).isEqualTo(best);
                }
            }
        }
    }

    private static void assertSame(Model model, Consumer<SamplerChain.Builder> samplers) {
        SamplerChain.Builder ours = SamplerChain.builder(model.vocab());
        samplers.accept(ours);
        // A bias of nothing keeps the chain from knowing what it needs.
        SamplerChain.Builder theirs = SamplerChain.builder(model.vocab()).logitBias(Map.of(0, 0f));
        samplers.accept(theirs);
        try (Context context = context(model);
                SamplerChain a = ours.build();
                SamplerChain b = theirs.build()) {
            int token = 3;
            for (int position = 0; position < TOKENS; position++) {
                decode(context, token, position);
                int next = a.sample(context, 0);
                assertThat(next).as("position %d", position).isEqualTo(b.sample(context, 0));
                token = next;
            }
        }
    }

    private static Context context(Model model) {
        return model.newContext(ContextOptions.builder()
                .contextSize(256)
                .threads(1)
                .threadsBatch(1)
                .build());
    }

    private static void decode(Context context, int token, int position) {
        Batch batch = new Batch(1);
        batch.add(token, position, 0, true);
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
    }
}
