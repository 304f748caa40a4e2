package org.kvant.calibrate;

import java.util.function.BooleanSupplier;
import org.kvant.gguf.ProgressListener;

/** Tokens done of all that a run has to compute, and whether it was asked to stop. */
final class RunProgress {
    private final ProgressListener listener;
    private final BooleanSupplier stop;
    private long total;
    private long done;

    RunProgress(ProgressListener listener, BooleanSupplier stop) {
        this.listener = listener;
        this.stop = stop;
    }

    void total(long tokens) {
        total = tokens;
    }

    void add(String what, long tokens) {
        done += tokens;
        if (tokens > 0) {
            listener.step(what, done, total);
        }
    }

    boolean stopped() {
        return stop.getAsBoolean();
    }
}
