package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.cost.StepCosts;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.request.Usage;
import org.kvant.engine.speculation.DraftPolicy;
import org.kvant.engine.speculation.PromptLookup;
import org.kvant.testkit.DemoModel;

class SpeculationTest {
    private static SchedulerHarness harness(int sequences, boolean unified, boolean lookup) throws IOException {
        return new SchedulerHarness(
                DemoModel.file(),
                SchedulerHarness.context(sequences, sequences * 512)
                        .kvUnified(unified)
                        .build(),
                512,
                Duration.ofDays(1),
                lookup);
    }

    /** Long enough for the model to repeat itself. */
    private static List<String> texts(SchedulerHarness harness, List<Usage> usages, SamplingOptions sampling) {
        List<Collector> sinks = new ArrayList<>();
        String story = "The fox said: red, blue, green, red, blue, green, red, blue, green, red,";
        for (String prompt : new String[] {story, "Once upon a time", story + " blue"}) {
            Collector sink = new Collector();
            harness.submit(harness.greedy(harness.tokens(prompt), 150).sampling(sampling), sink);
            harness.run();
            sinks.add(sink);
        }
        sinks.forEach(sink -> usages.add(sink.finish().usage()));
        return sinks.stream().map(Collector::text).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void greedyTextIsThatOfPlainDecodingInFewerSteps(boolean unified) throws IOException {
        List<String> plain;
        int plainSteps;
        List<Usage> usages = new ArrayList<>();
        SamplingOptions greedy = SamplingOptions.builder().temperature(0).build();
        try (SchedulerHarness harness = harness(2, unified, false)) {
            plain = texts(harness, new ArrayList<>(), greedy);
            plainSteps = harness.steps.size();
        }
        try (SchedulerHarness harness = harness(2, unified, true)) {
            assertThat(texts(harness, usages, greedy)).isEqualTo(plain);
            Usage first = usages.getFirst();
            assertThat(first.completionTokens()).isEqualTo(150);
            int accepted = usages.stream().mapToInt(Usage::acceptedTokens).sum();
            assertThat(accepted).isPositive();
            assertThat(first.draftedTokens()).isGreaterThanOrEqualTo(first.acceptedTokens());
            assertThat(harness.steps.size()).isEqualTo(plainSteps - accepted);
        }
    }

    @Test
    void aSeedGivesTheSameTextToo() throws IOException {
        SamplingOptions seeded =
                SamplingOptions.builder().temperature(0.3f).seed(4).build();
        List<String> plain;
        try (SchedulerHarness harness = harness(1, false, false)) {
            plain = texts(harness, new ArrayList<>(), seeded);
        }
        try (SchedulerHarness harness = harness(1, false, true)) {
            List<String> texts = texts(harness, new ArrayList<>(), seeded);
            int same = 0;
            for (int i = 0; i < texts.size(); i++) {
                same += texts.get(i).regionMatches(0, plain.get(i), 0, 60) ? 1 : 0;
            }
            // Batches of other shapes round differently, which may tip a draw.
            assertThat(same).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void streamsBesideEachOtherAndCancelledOnesLeaveTheirCellsRight() throws IOException {
        try (SchedulerHarness harness = harness(3, false, true)) {
            List<ActiveRequest> requests = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                requests.add(harness.submit(
                        harness.greedy(harness.tokens("a b c d a b c d a b c d a b " + "e ".repeat(i)), 120),
                        new Collector()));
            }
            for (int step = 0; step < 20; step++) {
                harness.scheduler.step();
                harness.checkCells();
            }
            requests.get(1).cancel();
            harness.run();
            assertThat(requests.get(0).sampled).isEqualTo(120);
            assertThat(requests.get(2).sampled).isEqualTo(120);
        }
    }

    @Test
    void whatFollowedTheLastTimeIsGuessed() {
        PromptLookup lookup = new PromptLookup();
        int[] guess = new int[6];
        TokenList tokens = new TokenList(new int[] {1, 2, 3, 4, 5, 6, 9, 2, 3, 4}, 0);
        assertThat(lookup.guess(tokens, guess, 6)).isEqualTo(6);
        assertThat(guess).containsExactly(5, 6, 9, 2, 3, 4);
        tokens.add(7);
        assertThat(lookup.guess(tokens, guess, 6)).isZero();
        TokenList cycle = new TokenList(new int[] {8, 8, 8}, 0);
        assertThat(new PromptLookup().guess(cycle, guess, 4)).isEqualTo(4);
        assertThat(guess).startsWith(8, 8, 8, 8);
    }

    @Test
    void guessesAreAlwaysWhatFollowedAnEqualNgram() {
        long seed = Long.getLong("kvant.seed", new Random().nextLong());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        PromptLookup lookup = new PromptLookup();
        TokenList tokens = new TokenList(new int[] {0}, 0);
        int[] guess = new int[1];
        int found = 0;
        for (int i = 0; i < 5000; i++) {
            tokens.add(random.nextInt(12));
            if (lookup.guess(tokens, guess, 1) == 1) {
                found++;
                boolean seen = false;
                int n = tokens.size();
                for (int at = 0; at + 2 < n && !seen; at++) {
                    seen = tokens.get(at) == tokens.get(n - 2)
                            && tokens.get(at + 1) == tokens.get(n - 1)
                            && tokens.get(at + 2) == guess[0];
                }
                assertThat(seen).isTrue();
            }
        }
        assertThat(found).isGreaterThan(3000);
    }

    @Test
    void guessingStopsWhereItDoesNotPay() {
        StepCosts dear = new StepCosts();
        for (int i = 1; i <= 40; i++) {
            dear.measured(1 + i % 4, 10_000_000L * (1 + i % 4));
        }
        // Each token costs a whole decode.
        assertThat(new DraftPolicy().length(16, 1, dear, true)).isZero();
        // Beside 16 streams a guess costs one more pass over the weights than it can save.
        StepCosts many = new StepCosts();
        for (int i = 0; i < 40; i++) {
            many.measured(16, 40_000_000L);
        }
        DraftPolicy certain = new DraftPolicy();
        for (int i = 0; i < 30; i++) {
            certain.learn(4, 4);
        }
        for (int i = 0; i < 100; i++) {
            assertThat(certain.length(16, 16, many, false)).isZero();
        }
        StepCosts cheap = new StepCosts();
        for (int i = 1; i <= 40; i++) {
            cheap.measured(1 + i % 4, 10_000_000L + 100_000L * (i % 4));
        }
        DraftPolicy policy = new DraftPolicy();
        assertThat(policy.length(16, 1, cheap, true)).isGreaterThanOrEqualTo(3);
        for (int i = 0; i < 30; i++) {
            policy.learn(4, 4);
        }
        assertThat(policy.length(16, 1, cheap, true)).isEqualTo(15);
        assertThat(policy.length(9, 1, cheap, true)).isEqualTo(9);
        assertThat(policy.length(9, 2, cheap, true)).isEqualTo(9);
        for (int i = 0; i < 100; i++) {
            policy.learn(4, 0);
        }
        assertThat(policy.length(16, 1, cheap, true)).isZero();
    }
}
