package org.kvant.cli.terminal;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.kvant.gguf.ProgressListener;
import org.kvant.model.ByteSize;

/**
 * Progress on standard error: bytes done, rate and time left. On a terminal one line that is redrawn, at most ten times a
 * second; elsewhere (a log file, a pipe) a plain line every ten percent, without control characters. Not thread-safe:
 * one thread works, one thread reports. {@link #close} ends the line.
 */
public final class ProgressBar implements ProgressListener, AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int WHAT_WIDTH = 32;
    private static final int LINE_WIDTH = 96;
    private static final double NANOS = 1e9;

    private final PrintStream out;
    private final boolean terminal;
    private final LongSupplier clock;
    private final long started;
    private boolean takenOver;
    private long before = -1;
    private long lastDrawn;
    private int lastTenth = -1;
    private long done;
    private boolean drawn;
    private boolean closed;
    private LongFunction<String> amount = ByteSize::text;

    /** Reports to standard error, redrawn only if it is a terminal. */
    public ProgressBar() {
        // Since JDK 22 a console exists even when redirected; it says itself whether it is a terminal. It cannot tell
        // the
        // three streams apart, so output that is piped while errors go to the terminal gets plain lines.
        this(System.err, System.console() != null && System.console().isTerminal(), System::nanoTime);
    }

    ProgressBar(PrintStream out, boolean terminal, LongSupplier clock) {
        this.out = out;
        this.terminal = terminal;
        this.clock = clock;
        started = clock.getAsLong();
        lastDrawn = started - REDRAW_NANOS;
    }

    /**
     * A bar of things other than bytes, such as {@code tokens}, in work that may have been taken over from an earlier run: what is done at the first
     * step says nothing about the rate.
     */
    public static ProgressBar counting(String unit) {
        ProgressBar bar = new ProgressBar();
        bar.takenOver = true;
        bar.amount = count -> String.format(Locale.ROOT, "%,d %s", count, unit);
        return bar;
    }

    @Override
    public void step(String what, long doneBytes, long totalBytes) {
        if (closed) {
            return;
        }
        done = doneBytes;
        if (before < 0) {
            before = takenOver ? doneBytes : 0;
        }
        long now = clock.getAsLong();
        boolean complete = totalBytes >= 0 && doneBytes >= totalBytes;
        if (terminal) {
            if (complete || now - lastDrawn >= REDRAW_NANOS) {
                lastDrawn = now;
                String line = line(what, doneBytes, totalBytes, now);
                out.print("\r" + line + " ".repeat(Math.max(0, LINE_WIDTH - line.length())));
                out.flush();
                drawn = true;
            }
            return;
        }
        int tenth = totalBytes > 0 ? (int) (doneBytes * 10.0 / totalBytes) : 0;
        if (tenth != lastTenth) {
            lastTenth = tenth;
            out.println(line(what, doneBytes, totalBytes, now));
        }
    }

    /** Ends the redrawn line; further steps are ignored. */
    @Override
    public void close() {
        if (!closed && drawn) {
            out.println();
        }
        closed = true;
    }

    /** Seconds since this bar was made. */
    public double seconds() {
        return (clock.getAsLong() - started) / NANOS;
    }

    /** Bytes done so far. */
    public long doneBytes() {
        return done;
    }

    private String line(String what, long doneBytes, long totalBytes, long now) {
        double seconds = (now - started) / NANOS;
        double rate = seconds > 0 ? (doneBytes - Math.max(0, before)) / seconds : 0;
        StringBuilder line = new StringBuilder();
        if (totalBytes > 0) {
            line.append(String.format(Locale.ROOT, "%3d%% ", (int) (doneBytes * 100.0 / totalBytes)));
        }
        line.append(amount.apply(doneBytes));
        if (totalBytes > 0) {
            line.append(" of ").append(amount.apply(totalBytes));
        }
        // The first moments say nothing about the rate.
        if (seconds >= 0.5 && rate > 0) {
            line.append(", ").append(amount.apply((long) rate)).append("/s");
            if (totalBytes > doneBytes) {
                line.append(", ")
                        .append(duration((totalBytes - doneBytes) / rate))
                        .append(" left");
            }
        }
        String shown = what.length() <= WHAT_WIDTH ? what : what.substring(0, WHAT_WIDTH - 1) + "…";
        return line.append("  ").append(shown).toString();
    }

    /** Seconds as {@code 8s}, {@code 2m 05s} or {@code 1h 02m}. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        if (s < 60) {
            return s + "s";
        }
        return s < 3600
                ? String.format(Locale.ROOT, "%dm %02ds", s / 60, s % 60)
                : String.format(Locale.ROOT, "%dh %02dm", s / 3600, s / 60 % 60);
    }
}
