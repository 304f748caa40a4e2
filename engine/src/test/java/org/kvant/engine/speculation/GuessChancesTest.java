package org.kvant.engine.speculation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class GuessChancesTest {
    /** A few right ones after many wrong ones: what quotes now is believed to go on. */
    @Test
    void streaksAreBelievedSoon() {
        GuessChances chances = GuessChances.lookedUp(0.9);
        for (int i = 0; i < 50; i++) {
            chances.learn(1, 0);
        }
        assertThat(chances.next(0)).isLessThan(0.05);
        for (int i = 0; i < 8; i++) {
            chances.learn(1, 1);
        }
        assertThat(chances.next(0)).isGreaterThan(0.85);
    }

    @Test
    void aStreakEndsWithTheFirstWrongOne() {
        GuessChances chances = GuessChances.lookedUp(0.9);
        chances.learn(16, 12);
        assertThat(chances.next(8)).isGreaterThan(chances.next(0));
        assertThat(chances.next(0)).isLessThan(0.6);
        for (int i = 0; i < 100; i++) {
            chances.learn(16, 8);
        }
        assertThat(chances.next(0)).isGreaterThan(0.9);
        assertThat(chances.next(8)).isLessThan(0.1);
    }

    @Test
    void uniformOnesKnowNoStreaks() {
        GuessChances chances = GuessChances.uniform(0.5, 0.9);
        assertThat(chances.next(0)).isEqualTo(0.5);
        for (int i = 0; i < 400; i++) {
            chances.learn(4, 3);
        }
        assertThat(chances.next(0)).isCloseTo(0.75, within(0.1)).isEqualTo(chances.next(12));
    }
}
