package org.kvant.monitoring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.EngineListener;
import org.kvant.engine.EngineSnapshot;
import org.kvant.engine.EngineState;
import org.kvant.engine.Outcome;
import org.kvant.engine.Usage;

/**
 * One engine's meters, all with the label {@code model}. Histograms and counters are registered, at zero, when this is made; the gauges follow
 * with {@link #watch}. Listener calls may come from any thread; for a token they take no lock, look nothing up and allocate nothing.
 */
public final class EngineMetrics implements EngineListener, AutoCloseable {
    private final String model;
    private final Meters meters;

    private final Timer timeToFirstToken;
    private final Timer timeBetweenTokens;
    private final Timer queue;
    private final Timer prefill;
    private final Timer endToEnd;
    private final Timer decodeStep;
    private final Counter computedTokens;
    private final Counter cachedTokens;
    private final List<Counter> requests;
    private final List<Counter> rejections;

    private volatile @Nullable EngineGauges gauges;

    /**
     * @param model value of the label {@code model}
     * @param registry where the meters go; any of Micrometer's
     */
    public EngineMetrics(String model, MeterRegistry registry) {
        this.model = model;
        meters = new Meters(registry);
        timeToFirstToken = meters.timer(Metric.TIME_TO_FIRST_TOKEN, model);
        timeBetweenTokens = meters.timer(Metric.TIME_BETWEEN_TOKENS, model);
        queue = meters.timer(Metric.QUEUE, model);
        prefill = meters.timer(Metric.PREFILL, model);
        endToEnd = meters.timer(Metric.END_TO_END, model);
        decodeStep = meters.timer(Metric.DECODE_STEP, model);
        computedTokens = meters.counter(Metric.PROMPT_TOKENS, model, "computed");
        cachedTokens = meters.counter(Metric.PROMPT_TOKENS, model, "cached");
        // Every sampled token is one observation in one of the two, so counting it costs the decode thread nothing
        // more.
        meters.counter(Metric.GENERATED_TOKENS, () -> timeToFirstToken.count() + timeBetweenTokens.count(), model);
        requests = Label.OUTCOME.known().stream()
                .map(outcome -> meters.counter(Metric.REQUESTS, model, outcome))
                .toList();
        rejections = Arrays.stream(Rejection.values())
                .map(reason -> meters.counter(Metric.REQUESTS_REJECTED, model, reason.label()))
                .toList();
    }

    /** Value of the label {@code model}. */
    public String model() {
        return model;
    }

    /**
     * Registers the gauges; to be called once, when the engine was started. What the model decides is zero while it loads, and the KV cache's
     * bytes appear with the type that it got.
     *
     * @param snapshots the engine's {@code snapshot()}; called some dozen times in a scrape, on the scraping thread
     * @throws IllegalStateException if it was called already
     */
    public synchronized void watch(Supplier<EngineSnapshot> snapshots) {
        if (gauges != null) {
            throw new IllegalStateException("The engine of model '" + model + "' is watched already");
        }
        EngineGauges made = new EngineGauges(model, meters, snapshots);
        made.register();
        gauges = made;
        refresh();
    }

    /** Registers what depends on the loaded model, once it is known; done before each scrape, too. */
    synchronized void refresh() {
        EngineGauges watched = gauges;
        if (watched != null) {
            watched.registerCache();
        }
    }

    /** Takes all of the model's meters out of the registry: it is no longer served. */
    @Override
    public synchronized void close() {
        meters.removeAll();
    }

    @Override
    public void stateChanged(EngineState state, @Nullable Throwable failure) {
        if (state == EngineState.READY) {
            refresh();
        }
    }

    @Override
    public void requestRejected(String id, Throwable cause) {
        rejections.get(Rejection.of(cause).ordinal()).increment();
    }

    @Override
    public void requestStarted(String id, long queueNanos) {
        queue.record(queueNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void prefillFinished(String id, long nanos, int promptTokens, int cached) {
        prefill.record(nanos, TimeUnit.NANOSECONDS);
        computedTokens.increment((double) promptTokens - cached);
        cachedTokens.increment(cached);
    }

    @Override
    public void firstToken(String id, long nanosSinceSubmit) {
        timeToFirstToken.record(nanosSinceSubmit, TimeUnit.NANOSECONDS);
    }

    @Override
    public void token(String id, long nanosSincePrevious) {
        timeBetweenTokens.record(nanosSincePrevious, TimeUnit.NANOSECONDS);
    }

    @Override
    public void requestFinished(String id, Outcome outcome, Usage usage, long e2eNanos) {
        // A refusal is no end of an admitted request; requestRejected counts it.
        if (outcome != Outcome.REJECTED) {
            requests.get(outcome.ordinal()).increment();
            endToEnd.record(e2eNanos, TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void decodeStep(int batchTokens, int promptTokens, long nanos) {
        decodeStep.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** The outcomes that {@link Metric#REQUESTS} counts, in the order of {@link Outcome}, whose last is a refusal. */
    static List<String> outcomes() {
        return Stream.of(Outcome.values())
                .filter(outcome -> outcome != Outcome.REJECTED)
                .map(Label::lowerCase)
                .toList();
    }
}
