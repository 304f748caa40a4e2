package org.kvant.llama.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;

/** Intermediate results are those of the computation; whatever a callback does, the JVM lives and the context stays usable. */
class EvalCallbackTest {
    private static final int TOKENS = 20;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void load() {
        Backend.load();
    }

    /** A callback of two functions. */
    private record Seeing(Predicate<EvalNode> wants, Predicate<EvalNode> computed) implements EvalCallback {
        @Override
        public boolean wants(EvalNode node) {
            return wants.test(node);
        }

        @Override
        public boolean computed(EvalNode node) {
            return computed.test(node);
        }
    }

    private static Path write(TinyModel tiny) throws IOException {
        return tiny.write(folder.resolve(tiny.architecture() + ".gguf"));
    }

    private static Context context(Model model, EvalCallback callback) {
        return model.newContext(ContextOptions.builder()
                .contextSize(256)
                .batchSize(64)
                .ubatchSize(64)
                .evalCallback(callback)
                .build());
    }

    private static Batch batch() {
        Batch batch = new Batch(TOKENS);
        for (int i = 0; i < TOKENS; i++) {
            batch.add(5 + i, i, 0, true);
        }
        return batch;
    }

    private static float[] floats(EvalTensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        tensor.floats(values);
        return values;
    }

    @Test
    void aProductIsWhatItsSourcesGive() throws Exception {
        Path file = write(TinyModel.llama());
        Map<String, float[]> inputs = new TreeMap<>();
        Map<String, float[]> outputs = new TreeMap<>();
        EvalCallback recorder = new Seeing(
                node -> node.op().equals("MUL_MAT")
                        && node.source(0).orElseThrow().name().startsWith("blk.1.ffn_"),
                node -> {
                    String weight = node.source(0).orElseThrow().name();
                    inputs.put(weight, floats(node.source(1).orElseThrow()));
                    outputs.put(weight, floats(node.result()));
                    assertThat(node.source(1).orElseThrow().dimension(1)).isEqualTo(TOKENS);
                    assertThat(node.source(0).orElseThrow().type()).isEqualTo(GgmlType.F32);
                    assertThat(node.source(5)).isEmpty();
                    return true;
                });
        try (Model model = Model.load(file);
                Context context = context(model, recorder);
                GgufFile gguf = GgufFile.open(file)) {
            assertThat(context.decode(batch())).isEqualTo(new DecodeResult.Ok());
            assertThat(context.logits(TOKENS - 1)).isNotEmpty();
            assertThat(inputs)
                    .containsOnlyKeys("blk.1.ffn_down.weight", "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight");
            inputs.forEach((weight, x) -> assertProduct(
                    gguf, gguf.tensor(weight).orElseThrow(), x, outputs.getOrDefault(weight, new float[0])));
        }
    }

    private static void assertProduct(GgufFile gguf, TensorInfo weight, float[] x, float[] y) {
        float[] w = gguf.data(weight).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
        int columns = (int) weight.columns();
        int rows = (int) weight.rows();
        assertThat(y).hasSize(TOKENS * rows);
        for (int t = 0; t < TOKENS; t++) {
            for (int r = 0; r < rows; r++) {
                double sum = 0;
                for (int c = 0; c < columns; c++) {
                    sum += (double) w[r * columns + c] * x[t * columns + c];
                }
                assertThat((double) y[t * rows + r]).isCloseTo(sum, within(1e-3));
            }
        }
    }

    @Test
    void expertsComeWithTheirIds() throws Exception {
        List<int[]> ids = new ArrayList<>();
        List<Long> inputs = new ArrayList<>();
        EvalCallback recorder = new Seeing(
                node -> node.op().equals("MUL_MAT_ID")
                        && node.source(0).orElseThrow().name().startsWith("blk.0."),
                node -> {
                    EvalTensor experts = node.source(2).orElseThrow();
                    int[] chosen = new int[Math.toIntExact(experts.elements())];
                    experts.ints(chosen);
                    ids.add(chosen);
                    inputs.add(node.source(1).orElseThrow().identity());
                    assertThatIllegalArgumentException().isThrownBy(() -> experts.floats(new float[1000]));
                    return true;
                });
        try (Model model = Model.load(write(TinyModel.qwen3moe()));
                Context context = context(model, recorder)) {
            context.decode(batch());
        }
        assertThat(ids).hasSize(3);
        assertThat(ids.get(0))
                .hasSize(TOKENS * TinyModel.EXPERTS_USED)
                .isEqualTo(ids.get(1))
                .isEqualTo(ids.get(2));
        assertThat(Arrays.stream(ids.get(0)).boxed()).allMatch(id -> id >= 0 && id < TinyModel.EXPERTS);
        assertThat(inputs.get(0)).as("gate and up share their input").isEqualTo(inputs.get(1));
        assertThat(inputs.get(2)).isNotEqualTo(inputs.get(1));
    }

    @Test
    void whatACallbackThrowsComesOutOfDecode() throws Exception {
        RuntimeException broken = new IllegalStateException("deliberate");
        AtomicReference<String> failing = new AtomicReference<>("wants");
        EvalCallback callback = new Seeing(
                node -> fail(failing.get().equals("wants"), broken),
                node -> fail(failing.get().equals("computed"), broken));
        try (Model model = Model.load(write(TinyModel.qwen3()));
                Context context = context(model, callback)) {
            for (String where : List.of("wants", "computed")) {
                failing.set(where);
                assertThatThrownBy(() -> context.decode(batch()))
                        .isInstanceOf(EvalCallbackException.class)
                        .hasCause(broken);
                context.memory().clear(true);
            }
            failing.set("nowhere");
            assertThat(context.decode(batch())).isEqualTo(new DecodeResult.Ok());
        }
    }

    private static boolean fail(boolean now, RuntimeException with) {
        if (now) {
            throw with;
        }
        return true;
    }

    @Test
    void aCallbackCannotEnterTheContextAgain() throws Exception {
        AtomicReference<Context> context = new AtomicReference<>();
        List<Throwable> refusals = new ArrayList<>();
        EvalCallback callback = new Seeing(node -> true, node -> {
            for (Runnable use : List.<Runnable>of(
                    () -> context.get().decode(batch()),
                    () -> context.get().memory().clear(true),
                    () -> context.get().close())) {
                assertThatIllegalStateException().isThrownBy(use::run).satisfies(refusals::add);
            }
            return false;
        });
        try (Model model = Model.load(write(TinyModel.qwen2()));
                Context opened = context(model, callback)) {
            context.set(opened);
            opened.decode(batch());
            assertThat(refusals).hasSize(3);
            assertThat(refusals).allSatisfy(refusal -> assertThat(refusal).hasMessageContaining("computing"));
        }
    }

    @Test
    void theRestOfAGraphCanBeLeftOut() throws Exception {
        List<String> seen = new ArrayList<>();
        EvalCallback callback = new Seeing(node -> node.op().equals("MUL_MAT"), node -> {
            String weight = node.source(0).orElseThrow().name();
            seen.add(weight);
            return !weight.equals("blk.0.ffn_down.weight");
        });
        try (Model model = Model.load(write(TinyModel.gemma3()));
                Context context = context(model, callback)) {
            assertThat(context.decode(batch())).isEqualTo(new DecodeResult.Ok());
            assertThat(seen).last().isEqualTo("blk.0.ffn_down.weight");
            assertThatIllegalArgumentException().isThrownBy(() -> context.logits(TOKENS - 1));
        }
    }

    @Test
    void tensorsDieWithTheCall() throws Exception {
        AtomicReference<EvalTensor> kept = new AtomicReference<>();
        EvalCallback callback = new Seeing(
                node -> {
                    EvalTensor result = node.result();
                    assertThatIllegalStateException()
                            .isThrownBy(() -> floats(result))
                            .withMessageContaining("no data yet");
                    return node.name().equals("result_norm");
                },
                node -> {
                    kept.set(node.result());
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> node.result().floats(new float[3]))
                            .withMessageContaining("the array 3");
                    return true;
                });
        try (Model model = Model.load(write(TinyModel.qwen3()));
                Context context = context(model, callback)) {
            context.decode(batch());
        }
        assertThat(kept.get()).isNotNull();
        assertThatIllegalStateException().isThrownBy(() -> floats(kept.get()));
        assertThatIllegalStateException().isThrownBy(() -> kept.get().identity());
    }
}
