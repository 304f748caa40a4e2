package org.kvant.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.quantize.Preset;

class MemoryGroupsTest {
    @Test
    void candidatesThatDoNotFitTogetherGetPassesOfTheirOwn() throws IOException {
        Path a = DemoModels.quantized(Preset.Q4_0);
        Path b = DemoModels.quantized(Preset.Q2_K);
        long reference = Files.size(DemoModels.f16());
        long both = Files.size(a) + Files.size(b);
        assertThat(MemoryGroups.of(DemoModels.f16(), List.of(a, b), reference + both))
                .containsExactly(List.of(a, b));
        assertThat(MemoryGroups.of(DemoModels.f16(), List.of(a, b), reference + both - 1))
                .containsExactly(List.of(a), List.of(b));
        assertThat(MemoryGroups.of(DemoModels.f16(), List.of(a, b), 1)).containsExactly(List.of(a), List.of(b));
    }

    @Test
    void tilesCoverEveryScoredPositionWithinTheirBytes() {
        TokenChunks chunks = TokenChunks.of(new int[3][512]);
        for (int vocabulary : new int[] {4096, 49_152, 151_936, 262_144, 100_000_000}) {
            Tiles tiles = Tiles.of(chunks, vocabulary);
            int covered = 0;
            for (int from = tiles.first(); from < tiles.end(); from = tiles.endOf(from)) {
                covered += tiles.endOf(from) - from;
                assertThat(tiles.begins(from)).isEqualTo(from == 256);
            }
            assertThat(covered).isEqualTo(255);
            assertThat(tiles.rows() == 1 || 4L * tiles.rows() * vocabulary <= Tiles.BYTES)
                    .isTrue();
        }
        assertThat(Tiles.of(chunks, 262_144).rows()).isEqualTo(64);
    }
}
