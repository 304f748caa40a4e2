package org.kvant.cli.inspect;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.Table;
import org.kvant.cli.terminal.Terminal;
import org.kvant.llama.Backend;
import org.kvant.llama.Device;
import org.kvant.llama.loader.NativeLoadException;
import org.kvant.model.ByteSize;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code kvant devices}: what the native library can compute on. */
@Command(
        name = "devices",
        description = "Lists what can compute on this machine: processors, graphics cards and their memory.",
        mixinStandardHelpOptions = true)
public final class DevicesCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    /** 0, or 1 without native libraries. */
    @Override
    public Integer call() {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        try {
            Backend backend = Backend.load();
            print(backend, command.getOut());
            return CommandLine.ExitCode.OK;
        } catch (NativeLoadException e) {
            command.getErr().println("kvant devices: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private static void print(Backend backend, PrintWriter out) {
        List<Device> devices = backend.devices();
        Table table = new Table(Terminal.standardOutput(), "name", "kind", "description", ">memory", ">free");
        for (Device device : devices) {
            table.row(
                    device.name(),
                    device.kind().name().toLowerCase(Locale.ROOT),
                    device.description(),
                    memory(device.memoryTotalBytes()),
                    memory(device.memoryFreeBytes()));
        }
        out.println(backend.version() + ", " + backend.directory());
        table.print(out);
        out.flush();
    }

    private static String memory(long bytes) {
        return bytes == 0 ? "-" : ByteSize.text(bytes);
    }
}
