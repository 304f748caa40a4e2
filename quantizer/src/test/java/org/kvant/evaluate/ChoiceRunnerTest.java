package org.kvant.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.ProgressListener;
import org.kvant.quantize.Preset;

class ChoiceRunnerTest {
    private static final Path CHOICES =
            DemoModels.ROOT.resolve("quantizer/src/test/resources/org/kvant/evaluate/choices.txt");

    @TempDir
    Path folder;

    /** Recorded from llama-perplexity of llama.cpp v0.5.0 with {@code --hellaswag --hellaswag-tasks 60}: 80 % for both models. */
    @Test
    void givesTheAccuracyOfLlamaPerplexity() throws IOException {
        List<ChoiceTask> tasks = ChoiceTask.read(CHOICES);
        assertThat(tasks).hasSize(60);
        for (Path model : List.of(DemoModels.f16(), DemoModels.quantized(Preset.Q2_K))) {
            ChoiceScore score = ChoiceRunner.run(model, tasks, KvTypes.F16, 1, ProgressListener.NONE);
            assertThat(score.tasks()).isEqualTo(60);
            // A question more or less on another processor's kernels.
            assertThat(score.normalized().value()).isBetween(47 / 60.0, 49 / 60.0);
            assertThat(score.normalized().error()).isBetween(0.045, 0.06);
            assertThat(score.accuracy().value()).isBetween(45 / 60.0, 48 / 60.0);
        }
    }

    @Test
    void anEndingsProbabilityDecidesAndItsLengthOnlyForTheSum() throws IOException {
        String said = "Once upon a time, there was a little";
        List<ChoiceTask> tasks = List.of(
                new ChoiceTask(said, List.of("girl", "carburettor invoice"), 0),
                new ChoiceTask(said, List.of("carburettor invoice", "zq", "girl"), 2));
        ChoiceScore score = ChoiceRunner.run(DemoModels.f16(), tasks, KvTypes.F16, 1, ProgressListener.NONE);
        assertThat(score.accuracy().value()).isEqualTo(1);
        assertThat(score.normalized().value()).isEqualTo(1);
    }

    @Test
    void jsonLinesGiveTheSameTasks() throws IOException {
        Path json = Files.writeString(folder.resolve("tasks.jsonl"), """
                {"ind": 24, "ctx": "The cat sat [step] on", "endings": ["a mat.", "an oat.", "the hat"], "label": 1, "x": {"y": [1]}}
                {"activity_label": "Roof shingle removal", "ctx": "A man is  here. he", "endings": [" [title] a", "b"], "label": "0"}
                """);
        assertThat(ChoiceTask.read(json))
                .containsExactly(
                        new ChoiceTask("The cat sat [step] on", List.of("a mat.", "an oat.", "the hat"), 1),
                        new ChoiceTask("Roof shingle removal: A man is here. he", List.of("a", "b"), 0));
    }

    @Test
    void whatIsWrongWithAFileIsSaidWithItsLine() throws IOException {
        assertRefused("a\nb\n", "has 2 lines, not a multiple of 6");
        assertRefused("context\n7\na\nb\nc\nd\n", "line 2: '7' is no label");
        assertRefused(
                "{\"ctx\": \"a\", \"endings\": [\"b\", \"c\"], \"label\": 2}",
                "line 1",
                "not an index of its 2 endings");
        assertRefused("{\"endings\": [\"b\", \"c\"], \"label\": 1}", "line 1: needs \"ctx\"");
        assertRefused("{\"ctx\": ", "line 1: is not a JSON object");
        assertRefused("\n\n", "has no questions");
        assertThatThrownBy(() -> ChoiceRunner.run(
                        DemoModels.f16(),
                        List.of(new ChoiceTask("Once", List.of("upon", "upon a"), 0)),
                        KvTypes.F16,
                        1,
                        ProgressListener.NONE))
                .isInstanceOf(EvaluateException.class)
                .hasMessageContaining("question 1")
                .hasMessageContaining("the beginning of another");
    }

    private void assertRefused(String content, String... messages) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.txt"), content);
        assertThatThrownBy(() -> ChoiceTask.read(file))
                .isInstanceOf(EvaluateException.class)
                .hasMessageContaining("bad.txt")
                .hasMessageContainingAll(messages);
    }
}
