package org.kvant.cli.terminal;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Bounds of options. */
public final class Ranges {
    private Ranges() {}

    /** @throws ParameterException if the option's value is outside, naming both */
    public static void check(CommandLine command, String option, int value, int min, int max) {
        if (value < min || value > max) {
            throw new ParameterException(
                    command,
                    option + " must be "
                            + (max == Integer.MAX_VALUE ? min + " or more" : "between " + min + " and " + max)
                            + ", not " + value);
        }
    }
}
