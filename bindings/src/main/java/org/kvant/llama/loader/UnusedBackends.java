package org.kvant.llama.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.kvant.llama.ffi.llama_h;

/** Why a backend that lies in the libraries' folder computes nothing: ggml goes on with the CPU and says no word about it. */
public final class UnusedBackends {
    private UnusedBackends() {}

    /**
     * One sentence for each backend library of the folder that ggml did not take, or that found no device: which library or driver is missing, and the
     * remedy. To be called after the folder's backends were loaded.
     *
     * @param directory the folder that backends were loaded from
     */
    public static List<String> reasons(Path directory) {
        Set<String> registered = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        Set<String> withDevices = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        readRegistry(registered, withDevices);
        List<String> reasons = new ArrayList<>();
        Set<OptionalBackend> seen = new HashSet<>();
        for (Path file : files(directory)) {
            Optional<OptionalBackend> kind = kind(file);
            if (kind.isEmpty() || !seen.add(kind.get())) {
                continue;
            }
            if (!registered.contains(kind.get().registryName())) {
                reasons.add(whyNotRegistered(kind.get(), file));
            } else if (!withDevices.contains(kind.get().registryName()) && kind.get() != OptionalBackend.RPC) {
                reasons.add(
                        kind.get().registryName() + " has found no device that it computes on; going on without it. "
                                + file + " needs " + kind.get().needs());
            }
        }
        return reasons;
    }

    /** Which backend a file of the folder is, if it is an optional one. */
    static Optional<OptionalBackend> kind(Path file) {
        String name = file.getFileName().toString();
        return Stream.of(OptionalBackend.values())
                .filter(b -> b.fileName().matcher(name).matches())
                .findFirst();
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> list = Files.list(directory)) {
            return list.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static void readRegistry(Set<String> registered, Set<String> withDevices) {
        for (long i = 0; i < llama_h.ggml_backend_reg_count(); i++) {
            registered.add(name(llama_h.ggml_backend_reg_get(i)));
        }
        for (long i = 0; i < llama_h.ggml_backend_dev_count(); i++) {
            withDevices.add(name(llama_h.ggml_backend_dev_backend_reg(llama_h.ggml_backend_dev_get(i))));
        }
    }

    private static String name(MemorySegment registry) {
        return llama_h.ggml_backend_reg_name(registry).getString(0);
    }

    /** Opened once more, for the reason; a library that opens has itself refused to start. */
    private static String whyNotRegistered(OptionalBackend kind, Path file) {
        String reason;
        try {
            System.load(file.toString());
            reason = file + " opens, but finds no driver or device that it can use";
        } catch (UnsatisfiedLinkError e) {
            reason = "can't open " + e.getMessage();
        }
        return kind.registryName() + " is not used: " + reason + ". It needs " + kind.needs() + ". Going on without it";
    }
}
