package org.kvant.llama.attention;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Copied cells are shared until they are written: compared with cells that carry what was written into them. */
class CellCopiesTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());
    private static final int STREAMS = 6;
    private static final int CELLS = 5 * CellCopies.RUN + 7;

    private final CellCopies copies = new CellCopies(STREAMS, CELLS);

    @Test
    void nothingIsSharedAtFirst() {
        assertThat(copies.shared(0, STREAMS, CELLS).any()).isFalse();
        assertThat(copies.shared(2, 3, CELLS).order()).containsExactly(0, 1, 2);
    }

    @Test
    void groupsHaveInCommonWhatAllOfThemHave() {
        copies.copied(0, 3);
        copies.copied(0, 5);
        copies.copied(1, 2);
        copies.written(3L * CELLS + 2 * CellCopies.RUN);
        SharedCells shared = copies.shared(0, STREAMS, CELLS);
        assertThat(shared.order()).containsExactly(0, 5, 1, 2, 3, 4);
        assertThat(shared.ends()).containsExactly(2, 4, 5, 6);
        assertThat(shared.cells()).containsExactly(5 * CellCopies.RUN, 5 * CellCopies.RUN, 0, 0);
        copies.written(5L * CELLS + 4 * CellCopies.RUN - 1);
        shared = copies.shared(0, STREAMS, CELLS);
        assertThat(shared.order()).containsExactly(0, 3, 5, 1, 2, 4);
        assertThat(shared.ends()).containsExactly(3, 5, 6);
        assertThat(shared.cells()).containsExactly(2 * CellCopies.RUN, 5 * CellCopies.RUN, 0);
        // Of fewer cells no more than these, and of fewer streams those that are left.
        shared = copies.shared(3, 3, 2 * CellCopies.RUN - 1);
        assertThat(shared.order()).containsExactly(0, 2, 1);
        assertThat(shared.cells()).containsExactly(CellCopies.RUN, 0);
    }

    @Test
    void whatIsSharedIsTheSame() {
        System.out.println("kvant.seed=" + SEED);
        Random random = new Random(SEED);
        long[][] contents = new long[STREAMS][CELLS];
        long last = 0;
        int shares = 0;
        for (int round = 0; round < 20_000; round++) {
            int stream = random.nextInt(STREAMS);
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> {
                    int to = (stream + 1 + random.nextInt(STREAMS - 1)) % STREAMS;
                    copies.copied(stream, to);
                    contents[to] = contents[stream].clone();
                }
                case 3 -> {
                    copies.rewritten(stream);
                    Arrays.fill(contents[stream], ++last);
                }
                default -> {
                    int cell = random.nextInt(CELLS);
                    copies.written((long) stream * CELLS + cell);
                    contents[stream][cell] = ++last;
                }
            }
            int first = random.nextInt(STREAMS);
            int streams = 1 + random.nextInt(STREAMS - first);
            SharedCells shared = copies.shared(first, streams, random.nextInt(CELLS) + 1);
            assertThat(Arrays.stream(shared.order()).sorted().toArray())
                    .isEqualTo(SharedCells.none(streams).order());
            for (int group = 0; group < shared.groups(); group++) {
                int begin = shared.begin(group);
                for (int i = begin + 1; i < shared.ends()[group]; i++) {
                    int cells = shared.cells()[group];
                    assertThat(cells).isPositive();
                    assertThat(Arrays.copyOf(contents[first + shared.order()[i]], cells))
                            .isEqualTo(Arrays.copyOf(contents[first + shared.order()[begin]], cells));
                    shares++;
                }
            }
        }
        assertThat(shares).isGreaterThan(1000);
    }
}
