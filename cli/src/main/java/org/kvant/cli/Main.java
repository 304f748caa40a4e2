package org.kvant.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.kvant.cli.evaluate.EvaluateCommand;
import org.kvant.cli.inspect.DevicesCommand;
import org.kvant.cli.inspect.InspectCommand;
import org.kvant.cli.quantize.CalibrateCommand;
import org.kvant.cli.quantize.ConvertCommand;
import org.kvant.cli.quantize.QuantizeCommand;
import org.kvant.cli.serve.Groundwork;
import org.kvant.cli.serve.PlanCommand;
import org.kvant.cli.serve.ServeCommand;
import org.kvant.cli.terminal.FailureReporter;
import org.kvant.cli.terminal.UsageReporter;
import org.kvant.cli.terminal.VersionProvider;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The entry point: {@code kvant <command>}. */
@Command(
        name = "kvant",
        description = "Makes small, high-quality GGUF files and serves them over the OpenAI HTTP API.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionProvider.class,
        subcommands = HelpCommand.class,
        synopsisSubcommandLabel = "COMMAND")
public final class Main {

    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("convert", ConvertCommand::new);
        COMMANDS.put("calibrate", CalibrateCommand::new);
        COMMANDS.put("quantize", QuantizeCommand::new);
        COMMANDS.put("evaluate", EvaluateCommand::new);
        COMMANDS.put("inspect", InspectCommand::new);
        COMMANDS.put("plan", PlanCommand::new);
        COMMANDS.put("serve", ServeCommand::new);
        COMMANDS.put("devices", DevicesCommand::new);
    }

    private Main() {}

    /** Runs one command and ends the JVM with its exit code: 0 success, 1 failure, 2 wrong usage or bad input. */
    public static void main(String[] args) {
        if (args.length > 1 && args[0].equals("serve")) {
            Groundwork.loadNatives();
        }
        int code = commandLine(args).execute(args);
        Groundwork.awaitNatives();
        System.exit(code);
    }

    /** Only the named command is built: reading the annotations of all of them would cost start-up time. */
    public static CommandLine commandLine(String... args) {
        CommandLine root = new CommandLine(new Main());
        boolean single = args.length > 0 && COMMANDS.containsKey(args[0]);
        COMMANDS.forEach((name, command) -> {
            if (!single || name.equals(args[0])) {
                root.addSubcommand(name, command.get());
            }
        });
        root.setExecutionStrategy(parsed -> FailureReporter.runWithin(new CommandLine.RunLast(), parsed));
        root.setExecutionExceptionHandler(new FailureReporter());
        root.setParameterExceptionHandler(new UsageReporter());
        root.setCaseInsensitiveEnumValuesAllowed(true);
        return root;
    }
}
