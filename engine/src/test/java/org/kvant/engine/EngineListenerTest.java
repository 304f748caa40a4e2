package org.kvant.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.scheduling.Collector;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.testkit.DemoModel;

class EngineListenerTest {
    private static final class Recorder implements EngineListener {
        final List<String> events = Collections.synchronizedList(new ArrayList<>());
        final List<Long> nanos = Collections.synchronizedList(new ArrayList<>());

        private void record(String event, long time) {
            events.add(event);
            nanos.add(time);
        }

        @Override
        public void requestQueued(String id) {
            record("queued " + id, 0);
        }

        @Override
        public void requestStarted(String id, long queueNanos) {
            record("started " + id, queueNanos);
        }

        @Override
        public void prefillFinished(String id, long time, int promptTokens, int cachedTokens) {
            record("prefill " + id + " " + promptTokens + " " + cachedTokens, time);
        }

        @Override
        public void firstToken(String id, long nanosSinceSubmit) {
            record("first " + id, nanosSinceSubmit);
        }

        @Override
        public void token(String id, long nanosSincePrevious) {
            record("token " + id, nanosSincePrevious);
        }

        @Override
        public void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {
            record("finished " + id + " " + outcome + " " + usage.completionTokens(), timings.totalNanos());
        }

        @Override
        public void decodeStep(int batchTokens, int promptTokens, int sequences, long time) {
            record("step " + batchTokens + " " + promptTokens, time);
        }
    }

    private static Engine engine(EngineListener listener) throws InterruptedException {
        EngineOptions options = EngineOptions.builder()
                .natives(DemoModel.natives())
                .context(EngineOptions.defaultContext()
                        .threads(1)
                        .maxSequences(1)
                        .contextSize(512)
                        .build())
                .build();
        Engine engine = Engine.start(DemoModel.file(), options, listener);
        assertThat(engine.awaitReady(Duration.ofSeconds(60))).isEqualTo(EngineState.READY);
        return engine;
    }

    private static Collector generate(Engine engine, String id) throws Exception {
        Collector sink = new Collector();
        engine.submit(
                GenerationRequest.builder(id, new int[] {10, 11, 12, 13})
                        .ignoreEos(true)
                        .maxTokens(3)
                        .build(),
                sink);
        sink.finish();
        return sink;
    }

    @Test
    void eventsComeInOrderWithTimesThatAddUp() throws Exception {
        Recorder recorder = new Recorder();
        try (Engine engine = engine(recorder)) {
            generate(engine, "a");
            generate(engine, "b");
        }
        assertThat(recorder.events)
                .containsExactly(
                        "queued a",
                        "started a",
                        "step 4 4",
                        "prefill a 4 0",
                        "first a",
                        "step 1 0",
                        "token a",
                        "step 1 0",
                        "token a",
                        "finished a LENGTH 3",
                        "queued b",
                        "started b",
                        "step 1 1",
                        "prefill b 4 3",
                        "first b",
                        "step 1 0",
                        "token b",
                        "step 1 0",
                        "token b",
                        "finished b LENGTH 3");
        List<Long> t = recorder.nanos;
        long queue = t.get(1);
        long prefill = t.get(3);
        long first = t.get(4);
        long end = t.get(9);
        assertThat(first).isGreaterThanOrEqualTo(queue + prefill);
        assertThat(prefill).isGreaterThanOrEqualTo(t.get(2));
        assertThat(end).isGreaterThanOrEqualTo(first + t.get(6) + t.get(8));
    }

    @Test
    void failingListenerDoesNoHarm() throws Exception {
        EngineListener failing = new EngineListener() {
            @Override
            public void requestQueued(String id) {
                throw new IllegalStateException("queued");
            }

            @Override
            public void decodeStep(int batchTokens, int promptTokens, int sequences, long nanos) {
                throw new IllegalStateException("step");
            }

            @Override
            public void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {
                throw new IllegalStateException("finished");
            }
        };
        try (Engine engine = engine(failing)) {
            assertThat(generate(engine, "a").finish().reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(generate(engine, "b").finish().reason()).isEqualTo(FinishReason.LENGTH);
        }
    }
}
