package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that are wrong in one way each are refused or work; none ends the JVM. They are tried in a JVM that may die. */
class ModelMutationTest {
    /** Every how many mutations one is tried; {@code -Dkvant.mutations.step=1} tries all, in some minutes. */
    private static final int STEP = Integer.getInteger("kvant.mutations.step", 5);

    private static final long SEED = Long.getLong("kvant.seed", new Random().nextLong());

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "qwen3", "gemma3"})
    void aWrongModelNeverEndsTheJvm(String architecture) throws Exception {
        System.out.println("kvant.seed=" + SEED);
        int count = ModelMutations.of(() -> ModelMutations.model(architecture)).size();
        int next = Math.floorMod(SEED, STEP);
        List<String> deaths = new ArrayList<>();
        List<String> outcomes = new ArrayList<>();
        while (next < count) {
            ChildJvm.Result result = ChildJvm.run(
                    ModelTrial.class,
                    List.of(folder.toString(), architecture, Integer.toString(next), Integer.toString(STEP)),
                    300);
            result.lines().stream().filter(l -> l.startsWith("END ")).forEach(outcomes::add);
            if (result.exitCode() == 0 && result.lines().contains("DONE")) {
                break;
            }
            String last = result.lines().stream()
                    .filter(l -> l.startsWith("TRY "))
                    .reduce((a, b) -> b)
                    .orElseThrow(() -> new AssertionError("the child did not start:\n" + result.text()));
            deaths.add(last + ": exit code " + result.exitCode());
            next = Integer.parseInt(last.split(" ")[1]) + STEP;
        }
        assertThat(deaths).isEmpty();
        assertThat(outcomes).anyMatch(o -> o.contains("refused: org.kvant.llama.modelfile.ModelLoadException"));
        assertThat(outcomes).anyMatch(o -> o.contains("Ok[]"));
    }

    /** The child is able to die, and a death is seen: without this the test above could pass by seeing nothing. */
    @Test
    void aDeathIsSeen() throws Exception {
        ChildJvm.Result result = ChildJvm.run(DeadlyTrial.class, List.of(), 60);
        assertThat(result.exitCode()).as(result.text()).isNotZero();
        assertThat(result.lines()).contains("ALIVE").doesNotContain("DONE");
    }
}
