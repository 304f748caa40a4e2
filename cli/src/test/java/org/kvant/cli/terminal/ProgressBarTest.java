package org.kvant.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.kvant.model.ByteSize;

class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final AtomicLong clock = new AtomicLong(1_000_000_000);

    @Test
    void withoutTerminalPrintsPlainLinesEveryTenPercent() {
        try (ProgressBar bar = new ProgressBar(out, false, clock::get)) {
            for (int i = 1; i <= 1000; i++) {
                clock.addAndGet(10_000_000);
                bar.step("blk." + i, i * 1024L, 1000 * 1024L);
            }
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertThat(text).doesNotContain("\r").doesNotContain("\u001b");
        assertThat(text.lines()).hasSize(11);
        assertThat(text.lines().toList().get(5))
                .isEqualTo(" 50% 500.0 KiB of 1000.0 KiB, 100.0 KiB/s, 5s left  blk.500");
    }

    @Test
    void onTerminalRedrawsAtMostTenTimesASecondAndShowsTheEnd() {
        try (ProgressBar bar = new ProgressBar(out, true, clock::get)) {
            for (int i = 1; i <= 1000; i++) {
                clock.addAndGet(1_000_000);
                bar.step("t", i, 1000);
            }
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        // One second: the first, one each tenth of a second, the last.
        assertThat(text.chars().filter(c -> c == '\r').count()).isBetween(10L, 12L);
        assertThat(text).contains("100%").endsWith(System.lineSeparator()).doesNotContain("\u001b");
    }

    @Test
    void unknownTotalHasNoPercentAndNoTimeLeft() {
        ProgressBar bar = new ProgressBar(out, false, clock::get);
        clock.addAndGet(2_000_000_000);
        bar.step("reading", 4L << 20, -1);
        assertThat(bytes.toString(StandardCharsets.UTF_8).strip()).isEqualTo("4.0 MiB, 2.0 MiB/s  reading");
    }

    @Test
    void sizesAndDurations() {
        assertThat(ByteSize.text(0)).isEqualTo("0 B");
        assertThat(ByteSize.text(1023)).isEqualTo("1023 B");
        assertThat(ByteSize.text(1536)).isEqualTo("1.5 KiB");
        assertThat(ByteSize.text(Long.MAX_VALUE)).isEqualTo("8.0 EiB");
        assertThat(ProgressBar.duration(59.4)).isEqualTo("59s");
        assertThat(ProgressBar.duration(125)).isEqualTo("2m 05s");
        assertThat(ProgressBar.duration(3725)).isEqualTo("1h 02m");
    }
}
