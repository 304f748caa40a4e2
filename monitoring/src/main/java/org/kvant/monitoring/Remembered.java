package org.kvant.monitoring;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads a value once for all the gauges of a scrape: it is read again when it is older than 200 ms. Thread-safe. */
final class Remembered<T> implements Supplier<T> {
    private static final long MAX_AGE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private record Reading<T>(T value, long nanoTime) {}

    private final Supplier<? extends T> source;
    private volatile @Nullable Reading<T> last;

    Remembered(Supplier<? extends T> source) {
        this.source = source;
    }

    @Override
    public T get() {
        Reading<T> reading = last;
        if (reading == null || System.nanoTime() - reading.nanoTime > MAX_AGE_NANOS) {
            reading = new Reading<>(source.get(), System.nanoTime());
            last = reading;
        }
        return reading.value;
    }
}
