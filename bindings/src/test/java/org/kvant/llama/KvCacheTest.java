package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.Metadata;
import org.kvant.llama.checks.CacheTypes;
import org.kvant.model.HyperParameters;

/** The cache's size and types, told from metadata alone, against what llama.cpp makes of them. */
class KvCacheTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        Backend.load();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "qwen3", "gemma3"})
    void theSizeIsWhatLlamaCppAllocates(String architecture) throws Exception {
        Path file = ModelMutations.model(architecture).write(folder.resolve("model.gguf"));
        try (Model model = Model.load(file)) {
            for (ContextOptions options : List.of(
                    options().contextSize(300).build(),
                    options().contextSize(0).build(),
                    options().contextSize(2048).maxSequences(3).build(),
                    options().contextSize(2048).maxSequences(3).kvUnified(true).build(),
                    options().contextSize(2048).fullSwaCache(true).build(),
                    options()
                            .contextSize(512)
                            .flashAttention(FlashAttention.DISABLED)
                            .build(),
                    options()
                            .cacheTypeK(GgmlType.Q8_0)
                            .cacheTypeV(GgmlType.Q4_0)
                            .build(),
                    options().cacheTypeK(GgmlType.F32).cacheTypeV(GgmlType.BF16).build())) {
                KvCache predicted = KvCache.of(model.metadata(), options);
                try (Context context = model.newContext(options)) {
                    // llama.cpp logs hundredths of a MiB, of each cache: there are two with a sliding window.
                    assertThat(context.kvBytesK()).isCloseTo(predicted.bytesK(), within(2 * 5300L));
                    assertThat(context.kvBytesV()).isCloseTo(predicted.bytesV(), within(2 * 5300L));
                    assertThat(context.contextSize()).isEqualTo(predicted.cells());
                    assertThat(context.computeBufferBytes()).isPositive();
                }
            }
        }
    }

    @Test
    void everyTypeWorks() throws Exception {
        try (Model model = Model.load(TinyModel.llama().write(folder.resolve("types.gguf")))) {
            for (GgmlType k : KvCache.TYPES) {
                for (GgmlType v : KvCache.TYPES) {
                    ContextOptions options =
                            options().cacheTypeK(k).cacheTypeV(v).build();
                    try (Context context = model.newContext(options)) {
                        Batch batch = new Batch(4);
                        batch.add(1, 0, 0, true);
                        assertThat(context.decode(batch)).as("%s %s", k, v).isInstanceOf(DecodeResult.Ok.class);
                    }
                }
            }
        }
    }

    /** llama.cpp would read through a null pointer at the next decode. */
    @Test
    void quantizedKeysOfShortHeadsCannotBeShifted() throws Exception {
        try (Model model = Model.load(TinyModel.llama().write(folder.resolve("shift.gguf")));
                Context quantized =
                        model.newContext(options().cacheTypeK(GgmlType.Q8_0).build());
                Context plain = model.newContext(options().build())) {
            assertThat(plain.memory().canShift()).isTrue();
            assertThat(quantized.memory().canShift()).isFalse();
            assertThatThrownBy(() -> quantized.memory().shift(0, 0, Memory.END, 1))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
        assertThat(canShift(GgmlType.Q8_0)).isTrue();
        assertThat(canShift(GgmlType.BF16)).isFalse();
    }

    private static boolean canShift(GgmlType type) throws Exception {
        Metadata metadata = TinyModel.qwen3(64).metadata();
        return CacheTypes.canShift(metadata, HyperParameters.of(metadata), type);
    }

    @Test
    void blocksMustDivideHeads() throws Exception {
        Metadata odd = TinyModel.llama()
                .metadata(m -> m.putU32("llama.attention.key_length", 80).putU32("llama.attention.value_length", 80))
                .metadata();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KvCache.check(odd, GgmlType.Q8_0, GgmlType.F16, FlashAttention.AUTO))
                .withMessageContaining("80")
                .withMessageContaining("q8_0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KvCache.check(odd, GgmlType.F16, GgmlType.Q4_0, FlashAttention.AUTO));
        KvCache.check(odd, GgmlType.F16, GgmlType.BF16, FlashAttention.DISABLED);
        Metadata even = TinyModel.llama().metadata();
        KvCache.check(even, GgmlType.Q8_0, GgmlType.Q8_0, FlashAttention.AUTO);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KvCache.check(even, GgmlType.Q8_0, GgmlType.Q8_0, FlashAttention.DISABLED))
                .withMessageContaining("flash attention");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KvCache.check(even, GgmlType.Q6_K, GgmlType.F16, FlashAttention.AUTO))
                .withMessageContaining("q8_0");
    }

    private static ContextOptions.Builder options() {
        return ContextOptions.builder().contextSize(1024).batchSize(64).ubatchSize(32);
    }

    private static org.assertj.core.data.Offset<Long> within(long bytes) {
        return org.assertj.core.api.Assertions.within(bytes);
    }
}
