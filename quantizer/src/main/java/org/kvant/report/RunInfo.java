package org.kvant.report;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.kvant.llama.Backend;
import org.kvant.llama.Device;

/**
 * Where and how an evaluation ran.
 *
 * @param command the command line
 * @param machine processors and system
 * @param library version of llama.cpp
 * @param features what llama.cpp uses of the processor
 * @param when it ended, UTC
 */
public record RunInfo(String command, String machine, String library, String features, String when) {

    /** This machine, now. {@code Backend} must be loaded. */
    public static RunInfo here(String command, Backend backend) {
        String devices = String.join(
                ", ",
                backend.devices().stream().map(Device::description).distinct().toList());
        return new RunInfo(
                command,
                devices + "; " + Runtime.getRuntime().availableProcessors() + " processors; "
                        + System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                backend.version(),
                backend.systemInfo().strip(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
