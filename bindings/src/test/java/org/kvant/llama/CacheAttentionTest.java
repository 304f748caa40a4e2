package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.attention.AttentionKernel;
import org.kvant.llama.attention.AttentionKernels;
import org.kvant.llama.attention.AttentionShape;

/** A context whose attention our kernels compute gives what ggml's gives, as near to an exact cache; and it can go back to ggml's at any time. */
class CacheAttentionTest {
    private static final int SEQUENCES = 3;
    private static final AttentionShape UNUSED =
            new AttentionShape(1, 1, 1, 1, 1, 32, 32, GgmlType.Q8_0, GgmlType.Q8_0);

    @TempDir
    private static Path dir;

    private final AtomicInteger calls = new AtomicInteger();

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<Arguments> caches() {
        return Stream.of(
                Arguments.of("llama", GgmlType.Q8_0, GgmlType.Q8_0, false),
                Arguments.of("qwen3", GgmlType.Q8_0, GgmlType.Q4_0, true),
                Arguments.of("qwen3", GgmlType.Q5_1, GgmlType.IQ4_NL, false),
                Arguments.of("gemma3", GgmlType.Q8_0, GgmlType.Q8_0, false),
                Arguments.of("gemma3", GgmlType.Q8_0, GgmlType.Q8_0, true));
    }

    private static Model model(String name) throws Exception {
        TinyModel tiny = switch (name) {
            case "llama" -> TinyModel.llama();
            case "qwen3" -> TinyModel.qwen3(128);
            default -> TinyModel.gemma3();
        };
        return Model.load(tiny.write(dir.resolve(name + ".gguf")), ModelOptions.defaults());
    }

    private static ContextOptions.Builder options() {
        return ContextOptions.builder()
                .contextSize(1024 * SEQUENCES)
                .batchSize(256)
                .ubatchSize(256)
                .maxSequences(SEQUENCES)
                .threads(2)
                .flashAttention(FlashAttention.ENABLED);
    }

    private CacheAttention counting() {
        return new CacheAttention(UNUSED, threads -> {
            AttentionKernel kernel = AttentionKernels.create(threads);
            return (task, thread, all) -> {
                calls.incrementAndGet();
                kernel.compute(task, thread, all);
            };
        });
    }

    /** A prompt for each sequence, of different lengths, then a token for each. */
    private static float[][] compute(Context context) {
        float[][] logits = new float[SEQUENCES * 4][];
        Batch batch = new Batch(256);
        int[] tokens = new Random(5).ints(400, 5, 200).toArray();
        int at = 0;
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            batch.clear();
            int length = 90 + 70 * sequence;
            for (int i = 0; i < length; i++) {
                batch.add(tokens[i + sequence], i, sequence, i == length - 1);
            }
            assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
            logits[at++] = context.logits(length - 1);
        }
        for (int step = 0; step < 3; step++) {
            float[][] of = step(context, tokens[step], step);
            for (float[] row : of) {
                logits[at++] = row;
            }
        }
        return logits;
    }

    private static float[][] step(Context context, int token, int step) {
        Batch batch = new Batch(SEQUENCES);
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            batch.add(token + sequence, 90 + 70 * sequence + step, sequence, true);
        }
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        float[][] logits = new float[SEQUENCES][];
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            logits[sequence] = context.logits(sequence);
        }
        return logits;
    }

    private static float[][] compute(
            Model model, GgmlType k, GgmlType v, boolean unified, @Nullable CacheAttention attention) {
        try (Context context = model.newContext(options()
                .cacheTypeK(k)
                .cacheTypeV(v)
                .kvUnified(unified)
                .attention(attention)
                .build())) {
            return compute(context);
        }
    }

    @ParameterizedTest
    @MethodSource("caches")
    void isAsNearToAnExactCache(String name, GgmlType k, GgmlType v, boolean unified) throws Exception {
        CacheAttention attention = counting();
        attention.use(true);
        try (Model model = model(name)) {
            float[][] exact = compute(model, GgmlType.F32, GgmlType.F32, unified, null);
            float[][] theirs = compute(model, k, v, unified, null);
            float[][] ours = compute(model, k, v, unified, attention);
            // Each layer of each of the decodes, and two threads.
            assertThat(calls.get()).isEqualTo(2 * model.layers() * (SEQUENCES + 3));
            double rounding = distance(exact, theirs);
            assertThat(rounding).isPositive();
            assertThat(distance(exact, ours)).isPositive().isLessThan(1.1 * rounding);
            assertThat(distance(theirs, ours)).isLessThan(rounding);
        }
    }

    @Test
    void canBeSwitchedWhileGraphsAreUsedAgain() throws Exception {
        CacheAttention attention = counting();
        try (Model model = model("llama");
                Context plain = model.newContext(options()
                        .cacheTypeK(GgmlType.Q8_0)
                        .cacheTypeV(GgmlType.Q8_0)
                        .build());
                Context switched = model.newContext(options()
                        .cacheTypeK(GgmlType.Q8_0)
                        .cacheTypeV(GgmlType.Q8_0)
                        .attention(attention)
                        .build())) {
            assertThat(compute(switched)).isDeepEqualTo(compute(plain));
            for (int round = 0; round < 3; round++) {
                attention.use(true);
                int before = calls.get();
                forget(switched);
                float[][] ours = step(switched, 50, 3);
                assertThat(calls.get() - before).isEqualTo(2 * model.layers());
                attention.use(false);
                forget(switched);
                forget(plain);
                float[][] theirs = step(plain, 50, 3);
                assertThat(ours).isNotEqualTo(theirs);
                assertThat(step(switched, 50, 3)).as("round %s", round).isDeepEqualTo(theirs);
                assertThat(calls.get() - before).isEqualTo(2 * model.layers());
            }
        }
    }

    private static void forget(Context context) {
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            assertThat(context.memory().removeRange(sequence, 93 + 70 * sequence, Memory.END))
                    .isTrue();
        }
    }

    @Test
    void aKernelThatFailsIsNotUsedAgain() throws Exception {
        CacheAttention attention = new CacheAttention(UNUSED, _ -> (_, thread, _) -> {
            if (thread == 1) {
                throw new StackOverflowError("made up");
            }
        });
        attention.use(true);
        try (Model model = model("llama");
                Context context = model.newContext(options()
                        .cacheTypeK(GgmlType.Q8_0)
                        .cacheTypeV(GgmlType.Q8_0)
                        .attention(attention)
                        .build())) {
            assertThatThrownBy(() -> compute(context))
                    .isInstanceOf(DecodeException.class)
                    .hasMessageContaining("made up");
            assertThat(attention.isOn()).isFalse();
            context.memory().clear(true);
            float[][] after = compute(context);
            assertThat(after).isDeepEqualTo(compute(model, GgmlType.Q8_0, GgmlType.Q8_0, false, null));
            attention.use(true);
            assertThat(attention.isOn()).isFalse();
        }
    }

    /** The trial's outcome depends on the machine; whatever it is, it ends, and what it switches on computes. */
    @Test
    void isTriedOut() throws Exception {
        try (Model model = model("qwen3")) {
            CacheAttention attention =
                    CacheAttention.of(model, GgmlType.Q8_0, GgmlType.Q8_0).orElseThrow();
            assertThat(attention.isOn()).isFalse();
            // Somebody always needs the core: the trial goes on all the same.
            attention.tryOut(() -> true);
            boolean chosen = attention.isOn();
            attention.stop();
            assertThat(attention.isOn()).isFalse();
            System.out.println("attention in Java " + (chosen ? "" : "not ") + "found faster");
            assertThat(CacheAttention.of(model, GgmlType.F16, GgmlType.F16)).isEmpty();
        }
    }

    private static double distance(float[][] a, float[][] b) {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[i].length; j++, count++) {
                sum += (a[i][j] - b[i][j]) * (double) (a[i][j] - b[i][j]);
            }
        }
        return Math.sqrt(sum / count);
    }
}
