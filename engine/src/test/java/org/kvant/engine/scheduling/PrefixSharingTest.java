package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.Usage;
import org.kvant.llama.TinyModel;

/** Beginnings that several requests have in common, while they run and afterwards; with a buffer for each sequence and with one for all. */
class PrefixSharingTest {
    private static SchedulerHarness harness(boolean unified) throws IOException {
        return new SchedulerHarness(SchedulerHarness.context(5, 5 * 512)
                .batchSize(128)
                .kvUnified(unified)
                .build());
    }

    private static int[] prompt(SchedulerHarness harness, String question) {
        int[] system = harness.longPrompt(250);
        int[] own = harness.loaded.model().vocab().tokenize(question, false, true);
        int[] all = Arrays.copyOf(system, system.length + own.length);
        System.arraycopy(own, 0, all, system.length, own.length);
        return all;
    }

    private static int promptTokens(SchedulerHarness harness) {
        return harness.steps.stream()
                .mapToInt(SchedulerHarness.Step::promptTokens)
                .sum();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAnotherIsComputingIsWaitedForAndShared(boolean unified) throws IOException {
        try (SchedulerHarness harness = harness(unified)) {
            List<String> alone = new ArrayList<>();
            List<int[]> prompts = new ArrayList<>();
            for (String question : new String[] {" Once upon a time", " The little duck", " A wise owl", " One cold"}) {
                int[] prompt = prompt(harness, question);
                prompts.add(prompt);
                alone.add(harness.alone(prompt, 20));
            }
            harness.forgetEverything();
            harness.steps.clear();
            List<Collector> sinks = new ArrayList<>();
            for (int[] prompt : prompts) {
                Collector sink = new Collector();
                harness.submit(harness.greedy(prompt, 20), sink);
                sinks.add(sink);
            }
            harness.run();
            int own = prompts.stream().mapToInt(p -> p.length - 250).sum();
            assertThat(promptTokens(harness)).isEqualTo(250 + own);
            for (int i = 0; i < 4; i++) {
                Usage usage = sinks.get(i).finish().usage();
                assertThat(usage.cachedTokens()).isEqualTo(i == 0 ? 0 : 250);
                assertThat(sinks.get(i).text()).isEqualTo(alone.get(i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoeverWaitsGoesOnAloneIfTheOtherLeaves(boolean unified) throws IOException {
        try (SchedulerHarness harness = harness(unified)) {
            int[] prompt = prompt(harness, " Once upon a time");
            String alone = harness.alone(prompt, 20);
            harness.forgetEverything();
            ActiveRequest first = harness.submit(harness.greedy(prompt(harness, " The duck"), 20), new Collector());
            Collector sink = new Collector();
            ActiveRequest second = harness.submit(harness.greedy(prompt, 20), sink);
            harness.scheduler.step();
            assertThat(second.slot).isNull();
            first.cancel();
            harness.run();
            // What the first had computed is not lost.
            assertThat(sink.finish().usage().cachedTokens()).isEqualTo(128);
            assertThat(sink.text()).isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFinishedConversationSurvivesBeingShared(boolean unified) throws IOException {
        try (SchedulerHarness harness = harness(unified)) {
            Collector sink = new Collector();
            ActiveRequest first =
                    harness.submit(harness.greedy(prompt(harness, " Once upon a time there was"), 60), sink);
            harness.run();
            Collector other = new Collector();
            harness.submit(harness.greedy(prompt(harness, " The duck"), 5), other);
            harness.run();
            assertThat(other.finish().usage().cachedTokens()).isEqualTo(250);
            int[] history = new int[first.tokens.size() + 2];
            Arrays.fill(history, 7);
            for (int i = 0; i < first.tokens.size(); i++) {
                history[i] = first.tokens.get(i);
            }
            Collector next = new Collector();
            harness.submit(harness.greedy(history, 5), next);
            harness.run();
            assertThat(next.finish().usage().cachedTokens()).isEqualTo(first.tokens.size() - 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void saltsKeepTenantsApart(boolean unified) throws IOException {
        try (SchedulerHarness harness = harness(unified)) {
            int[] prompt = harness.longPrompt(200);
            List<Integer> cached = new ArrayList<>();
            for (String salt : new String[] {"", "a", "b", "a", "", "b"}) {
                Collector sink = new Collector();
                harness.submit(harness.greedy(prompt, 2).cacheSalt(salt), sink);
                harness.run();
                cached.add(sink.finish().usage().cachedTokens());
            }
            assertThat(cached).containsExactly(0, 0, 0, 199, 199, 199);
            // Nor does one wait for the other.
            harness.forgetEverything();
            ActiveRequest a = harness.submit(harness.greedy(prompt, 2).cacheSalt("a"), new Collector());
            ActiveRequest b = harness.submit(harness.greedy(prompt, 2).cacheSalt("b"), new Collector());
            harness.scheduler.step();
            assertThat(a.slot).isNotNull();
            assertThat(b.slot).isNotNull();
            harness.run();
        }
    }

    @Test
    void choicesOfOnePromptShareItEvenWhereNothingElseIsShared() throws IOException {
        try (SchedulerHarness harness = harness(false)) {
            int[] prompt = harness.longPrompt(200);
            harness.alone(prompt, 2);
            harness.steps.clear();
            Object group = new Object();
            List<Collector> sinks = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Collector sink = new Collector();
                harness.submit(harness.greedy(prompt, 10).reusePrefix(false).group(group), sink);
                sinks.add(sink);
            }
            harness.run();
            assertThat(promptTokens(harness)).isEqualTo(200 + 4);
            assertThat(sinks.getFirst().finish().usage().cachedTokens()).isZero();
            for (Collector sink : sinks) {
                assertThat(sink.text()).isEqualTo(sinks.getFirst().text());
            }
        }
    }

    @Test
    void aSlidingWindowIsCopiedJustWhereBeginningsPart(@TempDir Path dir) throws IOException {
        Path model = TinyModel.gemma3().write(dir.resolve("gemma3.gguf"));
        try (SchedulerHarness harness = new SchedulerHarness(
                model,
                SchedulerHarness.context(3, 3 * 2048)
                        .batchSize(128)
                        .ubatchSize(64)
                        .build(),
                512,
                Duration.ofDays(1))) {
            int[] words = new Random(3).ints(1500, 5, 256).toArray();
            int[] other = words.clone();
            for (int i = 700; i < other.length; i++) {
                other[i] = 5 + (other[i] + 9) % 251;
            }
            String alone = harness.alone(other, 15);
            harness.forgetEverything();
            harness.submit(harness.greedy(words, 15), new Collector());
            Collector sink = new Collector();
            harness.submit(harness.greedy(other, 15), sink);
            harness.run();
            assertThat(sink.finish().usage().cachedTokens()).isEqualTo(700);
            assertThat(sink.text()).isEqualTo(alone);
        }
    }

    @Test
    void lowerPriorityNumbersGoFirst() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(1, 512).build())) {
            ActiveRequest running = harness.submit(harness.greedy(harness.tokens("a"), 5), new Collector());
            harness.scheduler.step();
            List<String> order = new ArrayList<>();
            for (int priority : new int[] {3, -1, 0, -1}) {
                harness.submit(
                        harness.greedy(harness.tokens("b " + priority), 2).priority(priority), new Collector() {
                            @Override
                            public void onFinish(Finish end) {
                                super.onFinish(end);
                                order.add(String.valueOf(priority));
                            }
                        });
            }
            harness.run();
            assertThat(running.finished()).isTrue();
            assertThat(order).containsExactly("-1", "-1", "0", "3");
            assertThat(harness.queue.size()).isZero();
        }
    }
}
