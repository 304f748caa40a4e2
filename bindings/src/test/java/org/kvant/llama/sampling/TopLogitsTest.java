package org.kvant.llama.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.llama.library.LlamaException;

class TopLogitsTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());
    private static final int[] NOTHING = {};

    private final Random random = new Random(SEED);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 300, 4096, 49_152, 151_937})
    void findsWhatSortingFinds(int vocabulary) {
        System.out.println("kvant.seed=" + SEED);
        TopLogits top = new TopLogits(vocabulary);
        for (int round = 0; round < 20; round++) {
            float[] logits = logits(vocabulary, round);
            int[] banned = random.ints(random.nextInt(4), 0, vocabulary).toArray();
            top.load(MemorySegment.ofArray(logits), banned);
            for (int token : banned) {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
            int count = 1 + random.nextInt(256);
            int[] expected = IntStream.range(0, vocabulary)
                    .boxed()
                    .sorted(Comparator.comparing((Integer token) -> -logits[token]))
                    .mapToInt(Integer::intValue)
                    .limit(count)
                    .toArray();
            int[] found = new int[count];
            assertThat(top.best(found)).as("seed %d", SEED).isEqualTo(expected.length);
            assertThat(found).as("seed %d", SEED).startsWith(expected);
            assertThat(top.best()).as("seed %d", SEED).isEqualTo(expected[0]);
            assertThat(top.logit(expected[0])).isEqualTo(logits[expected[0]]);
        }
    }

    /** Spread out, with many equal ones, all negative, all but a few forbidden. */
    private float[] logits(int vocabulary, int kind) {
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = switch (kind % 4) {
                case 0 -> (float) (10 * random.nextGaussian());
                case 1 -> 1 + random.nextInt(8);
                case 2 -> -1 - random.nextFloat();
                default -> random.nextInt(50) == 0 ? random.nextFloat() : Float.NEGATIVE_INFINITY;
            };
        }
        return logits;
    }

    @Test
    void whatIsNoNumberIsNamed() {
        for (float wrong : new float[] {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] logits = new float[1000];
            logits[777] = wrong;
            assertThatThrownBy(() -> new TopLogits(1000).load(MemorySegment.ofArray(logits), NOTHING))
                    .isInstanceOf(LlamaException.class)
                    .hasMessageContaining("777");
        }
    }
}
