package org.kvant.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

class FailureReporterTest {
    @Command(name = "work")
    private record Work(Error error) implements Callable<Integer> {
        @Override
        public Integer call() {
            throw error;
        }
    }

    private static int run(Error error, StringWriter err) {
        CommandLine root = new CommandLine(CommandSpec.create().name("kvant"));
        root.addSubcommand(new Work(error));
        root.setErr(new PrintWriter(err, true));
        root.setExecutionStrategy(parsed -> FailureReporter.runWithin(new CommandLine.RunLast(), parsed));
        return root.execute("work");
    }

    @Test
    void theMachinesLimitsAreSaidInWords() {
        StringWriter err = new StringWriter();
        assertThat(run(new OutOfMemoryError("Java heap space"), err)).isEqualTo(1);
        assertThat(err.toString()).contains("kvant work: out of memory", "MiB", "KVANT_JAVA_OPTS");
        StringWriter full = new StringWriter();
        assertThat(run(new InternalError("a fault occurred in an unsafe memory access operation"), full))
                .isEqualTo(1);
        assertThat(full.toString()).contains("kvant work: ", "the disk is full").doesNotContain("at org.");
    }

    @Test
    void otherErrorsAreNotHidden() {
        StringWriter err = new StringWriter();
        assertThatThrownBy(() -> run(new InternalError("something else"), err)).isInstanceOf(InternalError.class);
        assertThatThrownBy(() -> run(new AssertionError("wrong"), err)).isInstanceOf(AssertionError.class);
    }
}
