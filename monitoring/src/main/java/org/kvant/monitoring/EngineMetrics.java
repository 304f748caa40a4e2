package org.kvant.monitoring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;

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
    private final Timer decode;
    private final Timer timePerOutputToken;
    private final Timer endToEnd;
    private final Timer decodeStep;
    private final Timer schedulerStep;
    private final DistributionSummary decodeBatch;
    private final DistributionSummary decodeSequences;
    private final DistributionSummary promptTokens;
    private final DistributionSummary generatedTokens;
    private final LongAccumulator longestSequence = new LongAccumulator(Math::max, 0);
    /** Every sampled token is one observation in one of two histograms, so counting it costs the decode thread nothing more. */
    private final Supplier<Number> generated;

    private final RequestTraces traces;
    private final Counter drafts;
    private final Counter draftedTokens;
    private final Counter acceptedTokens;
    private final List<Counter> acceptedAt;
    private final Counter computedTokens;
    private final Counter cachedTokens;
    private final Counter preemptions;
    private final Counter decodeFailures;
    private final Map<Outcome, Counter> requests = new EnumMap<>(Outcome.class);
    private final Map<Rejection, Counter> rejections = new EnumMap<>(Rejection.class);

    private volatile @Nullable EngineGauges gauges;

    /**
     * @param model value of the label {@code model}
     * @param registry where the meters go; any of Micrometer's
     */
    public EngineMetrics(String model, MeterRegistry registry) {
        this(model, registry, new RequestTraces());
    }

    /** @param traces those of the requests, which become exemplars if the registry was made with it */
    EngineMetrics(String model, MeterRegistry registry, RequestTraces traces) {
        this.model = model;
        this.traces = traces;
        meters = new Meters(registry);
        timeToFirstToken = meters.timer(Metric.TIME_TO_FIRST_TOKEN, model);
        timeBetweenTokens = meters.timer(Metric.TIME_BETWEEN_TOKENS, model);
        queue = meters.timer(Metric.QUEUE, model);
        prefill = meters.timer(Metric.PREFILL, model);
        decode = meters.timer(Metric.DECODE, model);
        timePerOutputToken = meters.timer(Metric.TIME_PER_OUTPUT_TOKEN, model);
        endToEnd = meters.timer(Metric.END_TO_END, model);
        decodeStep = meters.timer(Metric.DECODE_STEP, model);
        schedulerStep = meters.timer(Metric.SCHEDULER_STEP, model);
        decodeSequences = meters.summary(Metric.DECODE_BATCH_SEQUENCES, model);
        preemptions = meters.counter(Metric.PREEMPTIONS, model);
        decodeFailures = meters.counter(Metric.DECODE_FAILURES, model);
        decodeBatch = meters.summary(Metric.DECODE_BATCH, model);
        promptTokens = meters.summary(Metric.REQUEST_PROMPT_TOKENS, model);
        generatedTokens = meters.summary(Metric.REQUEST_GENERATED_TOKENS, model);
        meters.gauge(Metric.LONGEST_SEQUENCE, longestSequence::get, model);
        computedTokens = meters.counter(Metric.PROMPT_TOKENS, model, "computed");
        drafts = meters.counter(Metric.DRAFTS, model);
        draftedTokens = meters.counter(Metric.DRAFTED_TOKENS, model);
        acceptedTokens = meters.counter(Metric.ACCEPTED_TOKENS, model);
        acceptedAt = Label.POSITION.known().stream()
                .map(position -> meters.counter(Metric.ACCEPTED_AT_POSITION, model, position))
                .toList();
        cachedTokens = meters.counter(Metric.PROMPT_TOKENS, model, "cached");
        generated = () -> timeToFirstToken.count() + timeBetweenTokens.count();
        meters.counter(Metric.GENERATED_TOKENS, generated, model);
        for (Outcome outcome : Label.outcomes()) {
            requests.put(outcome, meters.counter(Metric.REQUESTS, model, LabelValue.of(outcome)));
        }
        for (Rejection reason : Rejection.values()) {
            rejections.put(reason, meters.counter(Metric.REQUESTS_REJECTED, model, reason.label()));
        }
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
        increment(rejections.get(Rejection.of(cause)));
    }

    @Override
    public void requestStarted(String id, long queueNanos) {
        traces.record(id, queue, queueNanos);
    }

    @Override
    public void prefillFinished(String id, long nanos, int prompt, int cached) {
        traces.record(id, prefill, nanos);
        computedTokens.increment((double) prompt - cached);
        cachedTokens.increment(cached);
    }

    @Override
    public void firstToken(String id, long nanosSinceSubmit) {
        traces.record(id, timeToFirstToken, nanosSinceSubmit);
    }

    @Override
    public void token(String id, long nanosSincePrevious) {
        timeBetweenTokens.record(nanosSincePrevious, TimeUnit.NANOSECONDS);
    }

    @Override
    public void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {
        if (outcome != Outcome.REJECTED) {
            increment(requests.get(outcome));
            traces.record(id, endToEnd, timings.totalNanos());
            if (usage.completionTokens() > 0) {
                traces.record(id, decode, timings.decodeNanos());
            }
            if (usage.completionTokens() > 1) {
                timePerOutputToken.record(timings.decodeNanos() / (usage.completionTokens() - 1), TimeUnit.NANOSECONDS);
            }
            promptTokens.record(usage.promptTokens());
            generatedTokens.record(usage.completionTokens());
            longestSequence.accumulate(usage.totalTokens());
        }
    }

    @Override
    public void requestPreempted(String id) {
        preemptions.increment();
    }

    @Override
    public void speculated(String id, int drafted, int accepted) {
        drafts.increment();
        draftedTokens.increment(drafted);
        acceptedTokens.increment(accepted);
        for (int position = 0; position < Math.min(accepted, acceptedAt.size()); position++) {
            acceptedAt.get(position).increment();
        }
    }

    @Override
    public void decodeFailed(Throwable cause) {
        decodeFailures.increment();
    }

    @Override
    public void schedulerStep(long nanos) {
        schedulerStep.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void decodeStep(int batchTokens, int batchPromptTokens, int sequences, long nanos) {
        decodeStep.record(nanos, TimeUnit.NANOSECONDS);
        decodeBatch.record(batchTokens);
        decodeSequences.record(sequences);
    }

    private static void increment(@Nullable Counter counter) {
        Objects.requireNonNull(counter, "made for every constant").increment();
    }
}
