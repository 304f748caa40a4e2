package org.kvant.cli;

import java.util.List;

/** What a child process is to make of signals. */
final class Signals {

    /**
     * Put before a command, lets it be interrupted. A shell without job control starts background programs with SIGINT ignored, children
     * inherit that, and the JVM then leaves the signal alone; the tests may be run from such a shell.
     */
    public static final List<String> DEFAULT_INTERRUPT =
            List.of("perl", "-e", "$SIG{INT} = 'DEFAULT'; exec { $ARGV[0] } @ARGV or die $!;");

    private Signals() {}
}
