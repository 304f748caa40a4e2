package org.kvant.cli.serve;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.MemorySizeConverter;
import org.kvant.cli.terminal.Ranges;
import org.kvant.cli.terminal.Terminal;
import org.kvant.engine.runtime.MemoryPlan;
import org.kvant.engine.runtime.MemoryPlanner;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.llama.Backend;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.Device;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.llama.modelfile.ModelOptions;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvant plan}: what {@code kvant serve} would take. */
@Command(
        name = "plan",
        description = "Says how much memory `kvant serve` takes for a model with the same options, part by part, and "
                + "the largest context that fits. Reads only file headers. Exits with 1 if the model does not fit.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class PlanCommand implements Callable<Integer> {
    /** Contexts are looked for in these steps: caches are padded to them. */
    private static final int STEP = 256;
    /** How far to look if the file doesn't say what the model was trained with. */
    private static final int UNKNOWN_TRAINING = 1 << 20;

    @Parameters(paramLabel = "MODEL", description = "GGUF file; of a split model the first part.")
    private Path model = Path.of("");

    @Mixin
    private final ContextArguments context = new ContextArguments();

    @Mixin
    private final DraftArguments draft = new DraftArguments();

    @Option(
            names = {"-ngl", "--gpu-layers"},
            defaultValue = "-1",
            paramLabel = "N",
            description = "Layers to put on graphics cards; -1: all (default: ${DEFAULT-VALUE}).")
    private int gpuLayers;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = MemorySizeConverter.class,
            description = "What it should fit in, such as 8GiB (default: this machine's memory, or the container's).")
    private @Nullable Long memory;

    @Option(names = "--json", description = "Print JSON.")
    private boolean asJson;

    @Spec
    private @Nullable CommandSpec spec;

    /** 0 if it fits, 1 if it doesn't or the libraries fail, 2 for bad input. */
    @Override
    public Integer call() throws IOException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        Ranges.check(command, "--gpu-layers", gpuLayers, -1, Integer.MAX_VALUE);
        ContextOptions wanted = context.options(command);
        EngineOptions options = EngineOptions.builder()
                .model(ModelOptions.defaults().withGpuLayers(gpuLayers))
                .draft(draft.options(command))
                .promptScratchBytes(context.promptScratchBytes())
                .build();
        try (MemoryPlanner planner = MemoryPlanner.open(model, options)) {
            ContextOptions sized = EngineOptions.sized(wanted, planner.trainContext());
            long limit = memory == null ? machine() : memory;
            MemoryPlan plan = planner.plan(sized);
            PlanReport report = new PlanReport(
                    model, sized, plan, JavaMemory.ofThisProcess(), limit, largest(planner, sized, limit), offloads());
            if (asJson) {
                report.printJson(command.getOut());
            } else {
                report.print(command.getOut(), Terminal.standardOutput());
            }
            return report.fits() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        } catch (NativeLoadException e) {
            command.getErr().println("kvant plan: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    /** The most that fits, up to what the model was trained with in each sequence; null if nothing does. */
    private static @Nullable MemoryPlan largest(MemoryPlanner planner, ContextOptions wanted, long limit) {
        long room = limit - JavaMemory.ofThisProcess().bytes();
        int train = planner.trainContext() > 0 ? planner.trainContext() : UNKNOWN_TRAINING;
        int each = Math.min(train, ContextArguments.MOST_TOKENS / wanted.maxSequences());
        MemoryPlan best = null;
        int low = 1;
        int high = Math.max(1, Math.ceilDiv(each, STEP));
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int cells = Math.min(each, middle * STEP) * wanted.maxSequences();
            MemoryPlan plan = planner.plan(wanted.toBuilder().contextSize(cells).build());
            if (plan.bytes() <= room) {
                best = plan;
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return best;
    }

    private boolean offloads() {
        return gpuLayers != 0 && Backend.load().devices().stream().anyMatch(device -> device.kind() != Device.Kind.CPU);
    }

    private static long machine() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }
}
