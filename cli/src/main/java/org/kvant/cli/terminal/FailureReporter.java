package org.kvant.cli.terminal;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/**
 * Turns what a command throws into one line for the user. An {@link IOException} or an
 * {@link IllegalArgumentException} is about the user's input and says so itself; anything else is a defect of
 * ours and is shown whole.
 */
public final class FailureReporter implements IExecutionExceptionHandler {

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (failure instanceof IOException || failure instanceof IllegalArgumentException) {
            err.println("kvant " + command.getCommandName() + ": " + describe(failure));
            return CommandLine.ExitCode.USAGE;
        }
        err.println("kvant " + command.getCommandName() + ": unexpected failure; please report it with these lines");
        failure.printStackTrace(err);
        return CommandLine.ExitCode.SOFTWARE;
    }

    /**
     * Runs the command, and says of the two errors that a machine's limits cause what would help. They are no exceptions, so picocli
     * does not hand them on.
     */
    public static int runWithin(CommandLine.IExecutionStrategy strategy, ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        CommandLine command = last.commandSpec().commandLine();
        String name = "kvant " + command.getCommandName() + ": ";
        try {
            return strategy.execute(parsed);
        } catch (OutOfMemoryError e) {
            command.getErr()
                    .println(name + "out of memory (" + e.getMessage() + "): the heap has "
                            + (Runtime.getRuntime().maxMemory() >> 20) + " MiB; give it more with"
                            + " KVANT_JAVA_OPTS=-Xmx8g, or fewer --threads");
        } catch (InternalError e) {
            if (!String.valueOf(e.getMessage()).contains("unsafe memory access")) {
                throw e;
            }
            // How Java says that a page of a mapping has no place on the disk.
            command.getErr()
                    .println(name + "a mapped file could not be read or written: the disk is full, or a file was"
                            + " cut short meanwhile; make room beside the output and repeat the command");
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** The JDK's file exceptions carry only the path as their message. */
    private static String describe(Exception failure) {
        return switch (failure) {
            case NoSuchFileException e -> e.getFile() + ": no such file or folder";
            case AccessDeniedException e -> e.getFile() + ": permission denied";
            case FileSystemException e -> e.getFile() + ": " + (e.getReason() == null ? e.toString() : e.getReason());
            default -> SetupHint.describe(failure);
        };
    }
}
