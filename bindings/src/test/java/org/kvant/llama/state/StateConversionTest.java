package org.kvant.llama.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.FlashAttention;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SequenceState.Rows;

/** The same tokens by two contexts of one model: what goes from one to the other is as good as what that one computes itself. */
class StateConversionTest {
    private static final int SEQUENCES = 3;
    /** Not the first one: its buffer, where each has its own, is not the first either. */
    private static final int SEQUENCE = 1;

    private static final int LENGTH = 150;

    @TempDir
    private static Path dir;

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<Arguments> caches() {
        return Stream.of(
                // Heads of 64 and 128 values are rotated, of 32 not; gemma3 has two caches.
                Arguments.of("llama", GgmlType.Q8_0, GgmlType.Q8_0, false),
                Arguments.of("qwen3-64", GgmlType.Q8_0, GgmlType.Q8_0, false),
                Arguments.of("qwen3-64", GgmlType.Q4_0, GgmlType.Q4_0, true),
                Arguments.of("qwen3-64", GgmlType.Q8_0, GgmlType.F16, false),
                Arguments.of("qwen3-64", GgmlType.F16, GgmlType.Q5_1, true),
                Arguments.of("qwen3-128", GgmlType.IQ4_NL, GgmlType.Q8_0, false),
                Arguments.of("gemma3", GgmlType.Q8_0, GgmlType.Q8_0, false),
                Arguments.of("gemma3", GgmlType.Q8_0, GgmlType.Q8_0, true));
    }

    private static TinyModel model(String name) {
        return switch (name) {
            case "llama" -> TinyModel.llama();
            case "qwen3-64" -> TinyModel.qwen3(64);
            case "qwen3-128" -> TinyModel.qwen3(128);
            default -> TinyModel.gemma3();
        };
    }

    private static ContextOptions.Builder options(boolean unified) {
        return ContextOptions.builder()
                .contextSize(1024 * SEQUENCES)
                .batchSize(512)
                .ubatchSize(512)
                .maxSequences(SEQUENCES)
                .kvUnified(unified)
                .flashAttention(FlashAttention.ENABLED);
    }

    private static int[] tokens() {
        return new Random(7).ints(LENGTH + 1, 5, 200).toArray();
    }

    private static void compute(Context context, int sequence, int[] tokens, int from, int to) {
        Batch batch = new Batch(512);
        for (int i = from; i < to; i++) {
            batch.add(tokens[i], i, sequence, i == to - 1);
        }
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
    }

    private static float[] next(Context context, int sequence, int[] tokens) {
        Batch batch = new Batch(1);
        int index = batch.add(tokens[LENGTH], LENGTH, sequence, true);
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        return context.logits(index);
    }

    private static StateConversion conversion(Context plain, Context packed, int[] tokens, Arena arena) {
        compute(plain, SEQUENCE, tokens, 0, 8);
        compute(packed, SEQUENCE, tokens, 0, 8);
        StateConversion conversion = StateConversion.between(
                        plain.memory().save(SEQUENCE, arena), packed.memory().save(SEQUENCE, arena))
                .orElseThrow();
        plain.memory().remove(SEQUENCE);
        packed.memory().remove(SEQUENCE);
        return conversion;
    }

    @ParameterizedTest
    @MethodSource("caches")
    void sequencesGoBothWays(String name, GgmlType typeK, GgmlType typeV, boolean unified) throws IOException {
        int[] tokens = tokens();
        try (Model model = Model.load(model(name).write(dir.resolve(name + ".gguf")));
                Context plain = model.newContext(options(true).build());
                Context packed = model.newContext(
                        options(unified).cacheTypeK(typeK).cacheTypeV(typeV).build());
                Arena arena = Arena.ofShared()) {
            StateConversion conversion = conversion(plain, packed, tokens, arena);
            compute(plain, SEQUENCE, tokens, 0, LENGTH);
            compute(packed, SEQUENCE, tokens, 0, LENGTH);
            SavedSequence fromPlain = plain.memory().save(SEQUENCE, arena);
            SavedSequence fromPacked = packed.memory().save(SEQUENCE, arena);
            float[] exact = next(plain, SEQUENCE, tokens);
            float[] own = next(packed, SEQUENCE, tokens);
            double usual = distance(exact, own);

            assertThat(packed.memory().restore(SEQUENCE, conversion.pack(fromPlain, SEQUENCE, null, arena)))
                    .isTrue();
            assertThat(packed.memory().maxPosition(SEQUENCE)).isEqualTo(LENGTH - 1);
            assertThat(distance(exact, next(packed, SEQUENCE, tokens)))
                    .as("packed; usually %s", usual)
                    .isLessThan(1.5 * usual + 1e-3);

            plain.memory().remove(SEQUENCE);
            assertThat(plain.memory().restore(SEQUENCE, conversion.unpack(fromPacked, SEQUENCE, arena)))
                    .isTrue();
            assertThat(distance(own, next(plain, SEQUENCE, tokens)))
                    .as("unpacked; usually %s", usual)
                    .isLessThan(usual + 1e-3);
        }
    }

    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double length = 0;
        for (int i = 0; i < a.length; i++) {
            difference += (a[i] - b[i]) * (double) (a[i] - b[i]);
            length += a[i] * (double) a[i];
        }
        return Math.sqrt(difference / length);
    }

    @Test
    void whatIsKnownStaysAsItIs() throws IOException {
        int[] tokens = tokens();
        try (Model model = Model.load(TinyModel.qwen3(64).write(dir.resolve("known.gguf")));
                Context plain = model.newContext(options(true).build());
                Context packed = model.newContext(options(false)
                        .cacheTypeK(GgmlType.Q8_0)
                        .cacheTypeV(GgmlType.Q8_0)
                        .build());
                Arena arena = Arena.ofShared()) {
            StateConversion conversion = conversion(plain, packed, tokens, arena);
            compute(plain, SEQUENCE, tokens, 0, LENGTH);
            SavedSequence state = plain.memory().save(SEQUENCE, arena);
            compute(packed, SEQUENCE, tokens, 0, 60);
            SavedSequence known = packed.memory().save(SEQUENCE, arena);
            SavedSequence merged = conversion.pack(state, SEQUENCE, known, arena);
            SavedSequence fresh = conversion.pack(state, SEQUENCE, null, arena);

            List<Rows> before =
                    SequenceState.of(known.segment()).parts().getFirst().keys();
            List<Rows> after =
                    SequenceState.of(merged.segment()).parts().getFirst().keys();
            List<Rows> without =
                    SequenceState.of(fresh.segment()).parts().getFirst().keys();
            for (int layer = 0; layer < before.size(); layer++) {
                long size = before.get(layer).rowBytes();
                assertThat(bytes(merged, after.get(layer), 0, 60)).isEqualTo(bytes(known, before.get(layer), 0, 60));
                assertThat(bytes(merged, after.get(layer), 60, LENGTH))
                        .isEqualTo(bytes(fresh, without.get(layer), 60, LENGTH))
                        .hasSize((int) (size * (LENGTH - 60)));
            }
            assertThat(packed.memory().restore(SEQUENCE, merged)).isTrue();
        }
    }

    private static byte[] bytes(SavedSequence state, Rows rows, int from, int to) {
        return state.segment()
                .asSlice(rows.offset() + from * rows.rowBytes(), (to - from) * rows.rowBytes())
                .toArray(ValueLayout.JAVA_BYTE);
    }

    /** A state of any other form is refused or converted to something of the right size: nothing is read or written beside it. */
    @Test
    void damagedStatesAreRefused() throws IOException {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        int[] tokens = tokens();
        try (Model model = Model.load(TinyModel.gemma3().write(dir.resolve("damaged.gguf")));
                Context plain = model.newContext(options(true).build());
                Context packed = model.newContext(options(false)
                        .cacheTypeK(GgmlType.Q8_0)
                        .cacheTypeV(GgmlType.Q8_0)
                        .build());
                Arena arena = Arena.ofShared()) {
            StateConversion conversion = conversion(plain, packed, tokens, arena);
            compute(plain, SEQUENCE, tokens, 0, 20);
            compute(packed, SEQUENCE, tokens, 0, 20);
            SavedSequence good = plain.memory().save(SEQUENCE, arena);
            SavedSequence other = packed.memory().save(SEQUENCE, arena);
            assertThatThrownBy(() -> conversion.pack(other, SEQUENCE, null, arena))
                    .isInstanceOf(LlamaException.class)
                    .hasMessageContaining("form");
            assertThat(StateConversion.between(
                            good, new SavedSequence(good.segment().asSlice(0, good.byteSize() - 1))))
                    .isEmpty();
            byte[] bytes = good.segment().toArray(ValueLayout.JAVA_BYTE);
            int refused = 0;
            for (int i = 0; i < 500; i++) {
                byte[] damaged = Arrays.copyOf(bytes, i % 2 == 0 ? bytes.length : random.nextInt(bytes.length));
                for (int k = 0; k < 3 && damaged.length > 0; k++) {
                    damaged[random.nextInt(Math.min(damaged.length, 400))] = (byte) random.nextInt();
                }
                try (Arena few = Arena.ofShared()) {
                    SavedSequence state = SavedSequence.allocate(damaged.length, few);
                    state.part(0, damaged.length).put(damaged);
                    assertThat(conversion.pack(state, SEQUENCE, null, few).byteSize())
                            .isPositive();
                } catch (LlamaException e) {
                    refused++;
                }
            }
            assertThat(refused).as("seed %d", seed).isGreaterThan(250);
        }
    }
}
