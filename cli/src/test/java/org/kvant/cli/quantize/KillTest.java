package org.kvant.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.cli.CommandProcess;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/**
 * {@code kill -9} in the middle of calibrating and of rounding: nothing stands under the output's name, what was finished is not done
 * again, and the file becomes that of an undisturbed run.
 */
class KillTest {
    private static final Path DEMO = Path.of(System.getProperty("kvant.root", ".."), "models", "demo");
    private static final long MOST_MILLIS = 90_000;

    @TempDir
    Path folder;

    @Test
    void calibrationAndRoundingGoOnAfterAKill() throws Exception {
        Path model = folder.resolve("demo.gguf");
        Converter.convert(DEMO, model, OutType.AUTO, ProgressListener.NONE);
        Path text = Files.writeString(
                folder.resolve("text.txt"),
                "One day, a little girl named Lily found a needle in her room, and she wanted to share it. "
                        .repeat(60));

        Path stats = folder.resolve("stats.gguf");
        String[] calibrate = {
            "calibrate",
            model.toString(),
            "--text",
            text.toString(),
            "--gradient",
            "--chunks",
            "8",
            "--chunk-size",
            "32",
            "-t",
            "1",
            "-q",
            "-o"
        };
        finish(calibrate, stats);
        Path partial = folder.resolve("killed-stats.gguf.partial");
        List<String> layers = kill(calibrate, folder.resolve("killed-stats.gguf"), partial, "layer-\\d+\\.gguf", 6);
        assertThat(layers).isNotEmpty();
        assertThat(folder.resolve("killed-stats.gguf")).doesNotExist();
        finish(calibrate, folder.resolve("killed-stats.gguf"));
        assertThat(folder.resolve("killed-stats.gguf")).hasSameBinaryContentAs(stats);
        assertThat(partial).doesNotExist();

        // Most tensors are copied, so that few have to be rounded.
        String[] quantize = {
            "quantize",
            model.toString(),
            "--stats",
            stats.toString(),
            "--type",
            "Q4_0",
            "--tensor-type",
            "ffn|attn_output=f16",
            "--token-embedding-type",
            "f16",
            "-t",
            "1",
            "-q"
        };
        Path whole = folder.resolve("whole.gguf");
        finish(quantize, whole);
        Path rounded = folder.resolve("killed.gguf.rounded");
        Path killed = folder.resolve("killed.gguf");
        List<String> tensors = kill(quantize, killed, rounded, "[0-9a-f]{40}\\.rounded", 18);
        assertThat(killed).doesNotExist();
        List<Long> times = modified(rounded, tensors);
        try (CommandProcess again = start(quantize, killed)) {
            // Before they are removed at the end.
            while (count(rounded, "[0-9a-f]{40}\\.rounded") <= tensors.size() && again.running()) {
                Thread.sleep(5);
            }
            if (again.running()) {
                assertThat(modified(rounded, tensors))
                        .as("what was finished is kept")
                        .isEqualTo(times);
            }
            assertThat(again.await()).as(again.output()).isZero();
        }
        assertThat(killed).hasSameBinaryContentAs(whole);
        assertThat(rounded).doesNotExist();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .containsExactlyInAnyOrder(
                            "demo.gguf", "text.txt", "stats.gguf", "killed-stats.gguf", "whole.gguf", "killed.gguf");
        }
    }

    /** Kills a command when some of its pieces are on the disk, but not all; gives their names. */
    private static List<String> kill(String[] command, Path output, Path pieces, String name, int all)
            throws Exception {
        try (CommandProcess process = start(command, output)) {
            long end = System.nanoTime() + MOST_MILLIS * 1_000_000;
            while (count(pieces, name) < 2) {
                assertThat(process.running()).as(process.output()).isTrue();
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(2);
            }
            process.signal("KILL");
            assertThat(process.await()).isEqualTo(137);
        }
        List<String> finished = names(pieces, name);
        assertThat(finished).hasSizeBetween(2, all - 1);
        return finished;
    }

    private static int count(Path folder, String name) throws IOException {
        return names(folder, name).size();
    }

    private static List<String> names(Path folder, String name) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.matches(name))
                    .sorted()
                    .toList();
        } catch (java.nio.file.NoSuchFileException e) {
            return List.of();
        }
    }

    private static List<Long> modified(Path folder, List<String> names) throws IOException {
        List<Long> times = new ArrayList<>();
        for (String name : names) {
            times.add(Files.getLastModifiedTime(folder.resolve(name)).toMillis());
        }
        return times;
    }

    private static CommandProcess start(String[] command, Path output) throws IOException {
        List<String> all = new ArrayList<>(List.of(command));
        all.add(command[0].equals("quantize") ? 2 : all.size(), output.toString());
        return CommandProcess.start(all.toArray(String[]::new));
    }

    private static void finish(String[] command, Path output) throws Exception {
        try (CommandProcess process = start(command, output)) {
            assertThat(process.await()).as(process.output()).isZero();
        }
    }
}
