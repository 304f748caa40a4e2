package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kvant.llama.Backend;
import org.kvant.llama.ffi.llama_h;

class GgmlTypeTest {
    private static final int HALF = 2;
    private static final int QK_K = 256;

    /** The right-hand sides of the static assertions on block sizes in ggml-common.h. */
    @Test
    void blockSizesAreThoseThatGgmlAsserts() {
        assertThat(GgmlType.Q1_0.typeSize()).isEqualTo(HALF + 128 / 8);
        assertThat(GgmlType.Q2_0.typeSize()).isEqualTo(HALF + 64 / 4);
        assertThat(GgmlType.Q4_0.typeSize()).isEqualTo(HALF + 32 / 2);
        assertThat(GgmlType.Q4_1.typeSize()).isEqualTo(2 * HALF + 32 / 2);
        assertThat(GgmlType.MXFP4.typeSize()).isEqualTo(1 + 32 / 2);
        assertThat(GgmlType.NVFP4.typeSize()).isEqualTo(64 / 16 + 64 / 2);
        assertThat(GgmlType.Q5_0.typeSize()).isEqualTo(HALF + 4 + 32 / 2);
        assertThat(GgmlType.Q5_1.typeSize()).isEqualTo(2 * HALF + 4 + 32 / 2);
        assertThat(GgmlType.Q8_0.typeSize()).isEqualTo(HALF + 32);
        assertThat(GgmlType.Q8_1.typeSize()).isEqualTo(2 * HALF + 32);
        assertThat(GgmlType.TQ1_0.typeSize()).isEqualTo(HALF + QK_K / 64 + (QK_K - 4 * QK_K / 64) / 5);
        assertThat(GgmlType.TQ2_0.typeSize()).isEqualTo(HALF + QK_K / 4);
        assertThat(GgmlType.Q2_K.typeSize()).isEqualTo(2 * HALF + QK_K / 16 + QK_K / 4);
        assertThat(GgmlType.Q3_K.typeSize()).isEqualTo(HALF + QK_K / 4 + QK_K / 8 + 12);
        assertThat(GgmlType.Q4_K.typeSize()).isEqualTo(2 * HALF + 12 + QK_K / 2);
        assertThat(GgmlType.Q5_K.typeSize()).isEqualTo(2 * HALF + 12 + QK_K / 2 + QK_K / 8);
        assertThat(GgmlType.Q6_K.typeSize()).isEqualTo(HALF + QK_K / 16 + 3 * QK_K / 4);
        assertThat(GgmlType.Q8_K.typeSize()).isEqualTo(4 + QK_K + QK_K / 16 * 2);
        assertThat(GgmlType.IQ2_XXS.typeSize()).isEqualTo(HALF + QK_K / 8 * 2);
        assertThat(GgmlType.IQ2_XS.typeSize()).isEqualTo(HALF + QK_K / 8 * 2 + QK_K / 32);
        assertThat(GgmlType.IQ2_S.typeSize()).isEqualTo(HALF + QK_K / 4 + QK_K / 16);
        assertThat(GgmlType.IQ3_XXS.typeSize()).isEqualTo(HALF + 3 * (QK_K / 8));
        assertThat(GgmlType.IQ3_S.typeSize()).isEqualTo(HALF + 13 * (QK_K / 32) + QK_K / 64);
        assertThat(GgmlType.IQ1_S.typeSize()).isEqualTo(HALF + QK_K / 8 + QK_K / 16);
        assertThat(GgmlType.IQ1_M.typeSize()).isEqualTo(QK_K / 8 + QK_K / 16 + QK_K / 32);
        assertThat(GgmlType.IQ4_NL.typeSize()).isEqualTo(HALF + 32 / 2);
        assertThat(GgmlType.IQ4_XS.typeSize()).isEqualTo(HALF + 2 + QK_K / 64 + QK_K / 2);
    }

    @Test
    void namesAndSizesAreThoseOfTheLibrary() {
        Backend.load();
        for (GgmlType type : GgmlType.values()) {
            assertThat(llama_h.ggml_type_name(type.id()).getString(0)).isEqualTo(type.ggmlName());
            assertThat(llama_h.ggml_blck_size(type.id())).as(type.label()).isEqualTo(type.blockSize());
            assertThat(llama_h.ggml_type_size(type.id())).as(type.label()).isEqualTo(type.typeSize());
        }
    }

    @Test
    void everyIdBelowTheCountIsATypeOrRemoved() {
        Set<Integer> removed = Set.of(4, 5, 31, 32, 33, 36, 37, 38);
        for (int id = 0; id < 43; id++) {
            assertThat(GgmlType.ofId(id).isPresent()).as("id %d", id).isEqualTo(!removed.contains(id));
            assertThat(GgmlType.removed(id).isPresent()).as("id %d", id).isEqualTo(removed.contains(id));
        }
        assertThat(GgmlType.ofId(43)).isEmpty();
        assertThat(GgmlType.ofId(-1)).isEmpty();
    }

    @Test
    void namesAreFoundInAnyCase() {
        for (GgmlType type : GgmlType.values()) {
            assertThat(GgmlType.ofName(type.label())).contains(type);
            assertThat(GgmlType.ofName(type.ggmlName())).contains(type);
            assertThat(GgmlType.ofId(type.id())).contains(type);
            assertThat(type.label()).isEqualToIgnoringCase(type.ggmlName());
        }
        assertThat(GgmlType.ofName("q4_k")).contains(GgmlType.Q4_K);
        assertThat(GgmlType.ofName("Q4_K_M")).isEmpty();
    }

    @Test
    void bytesAreWholeBlocks() {
        assertThat(GgmlType.Q4_K.bytes(512)).isEqualTo(288);
        assertThat(GgmlType.BF16.bytes(3)).isEqualTo(6);
        assertThat(GgmlType.Q4_K.bitsPerWeight()).isEqualTo(4.5);
        assertThatThrownBy(() -> GgmlType.Q4_K.bytes(255)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GgmlType.F32.bytes(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GgmlType.F64.bytes(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
    }
}
