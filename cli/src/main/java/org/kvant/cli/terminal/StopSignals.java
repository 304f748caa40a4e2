package org.kvant.cli.terminal;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * Ctrl-C and SIGTERM. The JVM's own handling ends the process with 130 or 143 whatever shutdown hooks do, and is deaf to a second Ctrl-C while
 * they run; here the first asks for an orderly stop, and the second, or a SIGTERM after it, ends the process at once.
 */
public final class StopSignals {
    private static final Logger LOG = LoggerFactory.getLogger(StopSignals.class);
    /** A shell's exit code for a process that a signal ended is this plus the signal's number. */
    private static final int SIGNALLED = 128;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final Runnable onFirst;

    private StopSignals(Runnable onFirst) {
        this.onFirst = onFirst;
    }

    /** @param onFirst called on the first signal, on a thread of its own, before {@link #await} returns */
    public static StopSignals install(Runnable onFirst) {
        StopSignals signals = new StopSignals(onFirst);
        signals.handle("INT");
        signals.handle("TERM");
        return signals;
    }

    @SuppressWarnings("sunapi") // part of the supported module jdk.unsupported; nothing else sees a signal
    private void handle(String name) {
        try {
            Signal.handle(new Signal(name), signal -> received(signal.getNumber()));
        } catch (IllegalArgumentException e) {
            // Under -Xrs the JVM leaves signals alone.
            LOG.warn("SIG{} will end the process at once: {}", name, e.getMessage());
        }
    }

    private synchronized void received(int number) {
        if (asked.getCount() == 0) {
            Runtime.getRuntime().halt(SIGNALLED + number);
        }
        onFirst.run();
        asked.countDown();
    }

    public boolean asked() {
        return asked.getCount() == 0;
    }

    /** Whether a stop was asked for within this time. */
    public boolean await(long millis) throws InterruptedException {
        return asked.await(millis, TimeUnit.MILLISECONDS);
    }
}
