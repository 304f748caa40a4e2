package org.kvant.llama.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeException;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.FlashAttention;
import org.kvant.llama.Memory;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.llama.state.SavedSequence;

/** A context whose attention our kernels compute gives what ggml's gives, as near to an exact cache; and it can go back to ggml's at any time. */
class CacheAttentionTest {
    private static final int SEQUENCES = 3;
    private static final AttentionShape UNUSED =
            new AttentionShape(1, 1, 1, 1, 1, 32, 32, GgmlType.Q8_0, GgmlType.Q8_0);

    @TempDir
    private static Path dir;

    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger rotations = new AtomicInteger();
    /** The most that a task's first group of streams had in common. */
    private final AtomicInteger sharedCells = new AtomicInteger();

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
        return new CacheAttention(
                UNUSED,
                threads -> {
                    AttentionKernel kernel = AttentionKernels.create(threads);
                    return (task, thread, all) -> {
                        calls.incrementAndGet();
                        kernel.compute(task, thread, all);
                    };
                },
                () -> {
                    HadamardKernel kernel = AttentionKernels.hadamard();
                    return (task, thread, all) -> {
                        rotations.incrementAndGet();
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

    /** What was copied from a sequence to others is read once, for as long as it is the same, and gives what cells of their own give. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3"})
    void sharesWhatWasCopied(String name) throws Exception {
        CacheAttention attention = sharing();
        attention.use(true);
        try (Model model = model(name);
                Context copied = model.newContext(quantized(attention));
                Context own = model.newContext(quantized(attention))) {
            prompt(copied, 0, 200, 5);
            for (int sequence = 0; sequence < SEQUENCES; sequence++) {
                prompt(own, sequence, 200, 5);
                if (sequence > 0) {
                    copied.memory().copy(0, sequence, 0, Memory.END);
                }
            }
            same(copied, own, 96);
            // A sequence that goes on from an earlier position has less in common with the others.
            for (Context context : List.of(copied, own)) {
                assertThat(context.memory().removeRange(1, 100, Memory.END)).isTrue();
                prompt(context, 1, 80, 9);
            }
            same(copied, own, 96);
            // Cells that are read from a copy are nobody's.
            try (Arena arena = Arena.ofConfined()) {
                for (Context context : List.of(copied, own)) {
                    SavedSequence state = context.memory().save(2, arena);
                    prompt(context, 0, 30, 11);
                    assertThat(context.memory().restore(2, state)).isTrue();
                    context.memory().remove(1);
                    prompt(context, 1, 230, 13);
                }
            }
            same(copied, own, 0);
        }
    }

    @Test
    void sharesNothingThatWasShifted() throws Exception {
        CacheAttention attention = sharing();
        attention.use(true);
        try (Model model = model("qwen3");
                Context context = model.newContext(quantized(attention));
                Context own = model.newContext(quantized(attention))) {
            assertThat(context.memory().canShift()).isTrue();
            prompt(context, 0, 200, 5);
            for (int sequence = 0; sequence < SEQUENCES; sequence++) {
                prompt(own, sequence, 200, 5);
                if (sequence > 0) {
                    context.memory().copy(0, sequence, 0, Memory.END);
                }
            }
            for (Context each : List.of(context, own)) {
                for (int sequence = 1; sequence < SEQUENCES; sequence++) {
                    assertThat(each.memory().removeRange(sequence, 0, 10)).isTrue();
                    each.memory().shift(sequence, 10, Memory.END, -10);
                }
            }
            same(context, own, 0);
        }
    }

    /** A step of all sequences gives the same in both; of the first one at least so many cells are shared with others. */
    private void same(Context copied, Context own, int atLeast) {
        Batch batch = new Batch(SEQUENCES);
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            batch.add(60 + sequence, own.memory().maxPosition(sequence) + 1, sequence, true);
        }
        sharedCells.set(-1);
        assertThat(copied.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        if (atLeast == 0) {
            assertThat(sharedCells.get()).isZero();
        } else {
            assertThat(sharedCells.get()).isGreaterThanOrEqualTo(atLeast);
        }
        assertThat(own.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
        for (int sequence = 0; sequence < SEQUENCES; sequence++) {
            float[] a = copied.logits(sequence);
            float[] b = own.logits(sequence);
            assertThat(distance(new float[][] {a}, new float[][] {b}))
                    .as("sequence %s", sequence)
                    .isLessThan(1e-4);
        }
    }

    private static void prompt(Context context, int sequence, int length, int seed) {
        Batch batch = new Batch(256);
        int[] tokens = new Random(seed).ints(length, 5, 200).toArray();
        int begin = context.memory().maxPosition(sequence) + 1;
        for (int i = 0; i < length; i++) {
            batch.add(tokens[i], begin + i, sequence, false);
        }
        assertThat(context.decode(batch)).isInstanceOf(DecodeResult.Ok.class);
    }

    private static ContextOptions quantized(CacheAttention attention) {
        return options()
                .cacheTypeK(GgmlType.Q8_0)
                .cacheTypeV(GgmlType.Q8_0)
                .attention(attention)
                .build();
    }

    private CacheAttention sharing() {
        return new CacheAttention(
                UNUSED,
                threads -> {
                    AttentionKernel kernel = AttentionKernels.create(threads);
                    return (task, thread, all) -> {
                        sharedCells.accumulateAndGet(task.shared().cells()[0], Math::max);
                        kernel.compute(task, thread, all);
                    };
                },
                AttentionKernels::hadamard);
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

    /** Rotations are to the last bit ggml's: in each layer of keys and queries, and of values before and after; but not of so few rows as a step has here. */
    @Test
    void rotatesAsGgml() throws Exception {
        CacheAttention attention = counting();
        attention.useRotation(true);
        try (Model model = model("qwen3");
                Context plain = model.newContext(quantized(counting()));
                Context rotated = model.newContext(quantized(attention))) {
            int each = 2 * 4 * model.layers();
            assertThat(compute(rotated)).isDeepEqualTo(compute(plain));
            assertThat(rotations.get()).isEqualTo(each * SEQUENCES);
            assertThat(calls.get()).isZero();
            for (boolean on : new boolean[] {false, true, true, false}) {
                int before = rotations.get();
                attention.useRotation(on);
                prompt(rotated, 0, 100, 5);
                assertThat(rotations.get() - before).isEqualTo(on ? each : 0);
                forget(plain);
                forget(rotated);
                assertThat(step(rotated, 50, 3)).isDeepEqualTo(step(plain, 50, 3));
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
    void computesOnFewerThreadsWhileLimited() throws Exception {
        CacheAttention attention = counting();
        attention.use(true);
        try (Model model = model("llama");
                Context context = model.newContext(quantized(attention));
                Context guest = model.newContext(quantized(attention), context)) {
            prompt(context, 0, 90, 5);
            prompt(guest, 0, 90, 5);
            for (int most : new int[] {1, 2, 5}) {
                calls.set(0);
                context.limitThreads(most);
                prompt(context, 0, 1, 5);
                assertThat(calls.get()).isEqualTo(Math.min(most, 2) * model.layers());
                assertThat(context.threads()).isEqualTo(2);
                calls.set(0);
                prompt(guest, 0, 1, 5);
                assertThat(calls.get()).as("beside it").isEqualTo(Math.min(most, 2) * model.layers());
            }
        }
    }

    @Test
    void aKernelThatFailsIsNotUsedAgain() throws Exception {
        CacheAttention attention = new CacheAttention(
                UNUSED,
                _ -> (_, thread, _) -> {
                    if (thread == 1) {
                        throw new StackOverflowError("made up");
                    }
                },
                AttentionKernels::hadamard);
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
            attention.tryOut();
            boolean chosen = attention.isOn();
            attention.stop();
            assertThat(attention.isOn()).isFalse();
            System.out.println("attention in Java " + (chosen ? "" : "not ") + "found faster");
            assertThat(CacheAttention.of(model, GgmlType.F16, GgmlType.F16)).isEmpty();
        }
    }

    @Test
    void aContextTellsThatItIsBeingTried() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CacheAttention attention = new CacheAttention(
                UNUSED,
                _ -> (_, _, _) -> {
                    begun.countDown();
                    while (goOn.getCount() > 0) {
                        Thread.onSpinWait();
                    }
                    throw new StackOverflowError("made up");
                },
                AttentionKernels::hadamard);
        try (Model model = model("llama");
                Context context = model.newContext(quantized(attention))) {
            assertThat(context.triesOwnAttention()).isFalse();
            CompletableFuture<Void> trial = CompletableFuture.runAsync(attention::tryOut);
            assertThat(begun.await(1, TimeUnit.MINUTES)).isTrue();
            assertThat(context.triesOwnAttention()).isTrue();
            assertThat(context.hasOwnAttention()).isFalse();
            goOn.countDown();
            assertThatThrownBy(trial::join).hasMessageContaining("made up");
            assertThat(context.triesOwnAttention()).isFalse();
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
