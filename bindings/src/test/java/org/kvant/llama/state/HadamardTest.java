package org.kvant.llama.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HadamardTest {
    /** By the definition: the sign of a product is that of the number of bits that both indices have. */
    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32, 64, 128, 256, 512})
    void eachBlockIsMultipliedByTheMatrix(int size) {
        Random random = new Random(size);
        float[] values = new float[3 * size + 5];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        float[] transformed = values.clone();
        Hadamard.transform(transformed, 3 * size, size);
        for (int i = 0; i < values.length; i++) {
            int block = i / size * size;
            double expected = 0;
            for (int k = 0; k < size && i < 3 * size; k++) {
                int sign = Integer.bitCount((i - block) & k) % 2 == 0 ? 1 : -1;
                expected += sign * values[block + k] / Math.sqrt(size);
            }
            assertThat((double) transformed[i])
                    .as("value %d", i)
                    .isCloseTo(i < 3 * size ? expected : values[i], within(1e-5));
        }
        Hadamard.transform(transformed, 3 * size, size);
        assertThat(transformed).containsExactly(values, within(1e-5f));
    }
}
