package org.kvant.engine.cost;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SequenceRunsTest {
    private static final StepCosts UNKNOWN = new StepCosts();

    @Test
    void runsAreLengthenedBehindAndBefore() {
        assertThat(lengthened("XXX.....", 4)).isEqualTo("XXXX....");
        assertThat(lengthened(".....XXX", 4)).isEqualTo("....XXXX");
        assertThat(lengthened("..XXXXX.", 8)).isEqualTo("XXXXXXXX");
    }

    /** Fifteen rows are no faster than fourteen: all that are wanted, or none. */
    @Test
    void tooFewIdleNeighboursAreLeftAlone() {
        assertThat(lengthened("-XX.-...", 4)).isEqualTo("-XX.-...");
        assertThat(lengthened("XX.-XX..", 4)).isEqualTo("XX.-XXXX");
    }

    /** Two runs that meet would be one of another length. */
    @Test
    void runsDoNotMeet() {
        assertThat(lengthened("XXX.XXX.", 4)).isEqualTo("XXX.XXXX");
        assertThat(lengthened("XXX..XXX", 4)).isEqualTo("XXXX.XXX");
    }

    @Test
    void gapsAreFilledWhereOnePassIsCheaper() {
        assertThat(joined("XX.XX..X", UNKNOWN)).isEqualTo("XXXXXXXX");
        assertThat(joined("XX-XX..X", UNKNOWN)).isEqualTo("XX-XXXXX");
        assertThat(joined("X......X", UNKNOWN)).isEqualTo("X......X");
        assertThat(joined("........", UNKNOWN)).isEqualTo("........");
    }

    @Test
    void gapsAreLeftWhereTheirRowsAreDear() {
        StepCosts linear = new StepCosts();
        for (int round = 0; round < 10; round++) {
            for (int tokens = 1; tokens <= 8; tokens++) {
                linear.measured(tokens, tokens * 1_000_000L);
            }
        }
        assertThat(joined("XX.XX..X", linear)).isEqualTo("XX.XX..X");
    }

    /** X: has a row; dot: could have one; dash: can't. */
    private static SequenceRuns runs(String pattern) {
        SequenceRuns runs = new SequenceRuns(pattern.length());
        for (int i = 0; i < pattern.length(); i++) {
            runs.set(i, pattern.charAt(i) == 'X', pattern.charAt(i) == '.');
        }
        return runs;
    }

    private static String lengthened(String pattern, int length) {
        SequenceRuns runs = runs(pattern);
        runs.lengthen(_ -> length);
        return drawn(pattern, runs);
    }

    private static String joined(String pattern, StepCosts costs) {
        SequenceRuns runs = runs(pattern);
        runs.join(costs);
        return drawn(pattern, runs);
    }

    private static String drawn(String pattern, SequenceRuns runs) {
        StringBuilder drawn = new StringBuilder(pattern);
        for (int i = 0; i < pattern.length(); i++) {
            if (runs.taken(i)) {
                drawn.setCharAt(i, 'X');
            }
        }
        return drawn.toString();
    }
}
