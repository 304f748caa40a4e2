package org.kvant.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can end a process, tried in one that may end. */
class ProcessTest {
    @TempDir
    private Path folder;

    @Test
    void longTextsDoNotOverflowTheStack() throws Exception {
        ChildJvm.Result result = ChildJvm.run(LongTextTrial.class, List.of(folder.toString()), 120);
        assertThat(result.lines())
                .as(result.text())
                .contains("SURVIVED tekken", "SURVIVED gpt-4o", "SURVIVED exaone-moe", "SURVIVED smollm");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void randomCallsReturnOrThrow() throws Exception {
        long seed = Long.getLong("kvant.seed", new Random().nextLong());
        System.out.println("kvant.seed=" + seed);
        ChildJvm.Result result =
                ChildJvm.run(ContextTrial.class, List.of(folder.toString(), Long.toString(seed), "25"), 300);
        assertThat(result.exitCode()).as(result.text()).isZero();
        assertThat(result.lines()).contains("DONE");
        assertThat(result.text()).contains("Ok=").contains("refused: IllegalArgumentException=");
    }

    @Test
    void anAbortRunsTheHandlerAndLetsItEndTheProcess() throws Exception {
        ChildJvm.Result result = ChildJvm.run(DeadlyTrial.class, List.of("handler"), 60);
        assertThat(result.exitCode()).as(result.text()).isEqualTo(70);
        assertThat(result.text())
                .contains("HANDLER")
                .contains("GGML_ASSERT")
                .contains("REFUSED")
                .doesNotContain("DONE");
    }
}
