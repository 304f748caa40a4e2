package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SentencePieceModelTest {
    private static byte[] model(String checkpoint) throws IOException {
        return Files.readAllBytes(Fixtures.checkpoint(checkpoint).resolve("tokenizer.model"));
    }

    @Test
    void readsPiecesAndSettings() throws IOException {
        SentencePieceModel mistral = SentencePieceModel.parse("f", model("mistral"));
        assertThat(mistral.pieces()).hasSize(480);
        assertThat(mistral.pieces().getFirst()).isEqualTo(new SentencePieceModel.Piece("<unk>", 0, TokenType.UNKNOWN));
        assertThat(mistral.pieces().get(3)).isEqualTo(new SentencePieceModel.Piece("<0x00>", 0, TokenType.BYTE));
        assertThat(mistral.kind()).isEqualTo(SentencePieceModel.Kind.BPE);
        assertThat(mistral.byteFallback()).isTrue();
        assertThat(mistral.dummyPrefix()).isTrue();
        assertThat(mistral.normalizes()).isFalse();
        assertThat(SentencePieceModel.parse("f", model("gemma3")).dummyPrefix()).isFalse();
    }

    @Test
    void truncatedAndDamagedModelsAreRefusedOrRead() throws IOException {
        byte[] good = model("mistral");
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            try {
                SentencePieceModel.parse("tokenizer.model", cut);
            } catch (ConvertException e) {
                assertThat(e).hasMessageStartingWith("tokenizer.model: ");
            }
        }
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = good.clone();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            try {
                SentencePieceModel.parse("tokenizer.model", bytes);
            } catch (ConvertException e) {
                assertThat(e).hasMessageStartingWith("tokenizer.model: ");
            }
        }
    }

    @Test
    void otherFilesAreRefused() {
        assertThatThrownBy(() -> SentencePieceModel.parse("f", new byte[0])).hasMessageContaining("holds no pieces");
        assertThatThrownBy(() -> SentencePieceModel.parse("f", new byte[] {(byte) 0xff, (byte) 0xff}))
                .isInstanceOf(ConvertException.class);
        assertThatThrownBy(() -> SentencePieceModel.parse(
                        "f", "hello world\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isInstanceOf(ConvertException.class);
    }
}
