package org.kvant.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.scheduling.Collector;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.testkit.DemoModel;

/** What a flight recording has of the engine. */
class FlightRecordingTest {
    @TempDir
    private Path folder;

    private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    @Test
    void hasDecodesPrefillsAndSampledTokens() throws Exception {
        Path file = folder.resolve("kvant.jfr");
        try (Recording recording = new Recording()) {
            for (String name : List.of("kvant.Decode", "kvant.Prefill", "kvant.Sample")) {
                recording.enable(name).withoutThreshold();
            }
            recording.start();
            EngineOptions options = EngineOptions.builder()
                    .natives(DemoModel.natives())
                    .context(EngineOptions.defaultContext()
                            .maxSequences(1)
                            .threads(1)
                            .build())
                    .build();
            try (Engine engine = Engine.start(DemoModel.file(), options, EngineListener.NONE)) {
                assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
                Collector collector = new Collector();
                Generation unused = engine.submit(
                        GenerationRequest.builder("r1", engine.tokenizer().tokenize("Once upon a time", true, true))
                                .maxTokens(7)
                                .ignoreEos(true)
                                .build(),
                        collector);
                Finish finish = collector.finish();
                assertThat(finish.usage().completionTokens()).isEqualTo(7);
            }
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(of(events, "kvant.Sample"))
                .hasSize(7)
                .allSatisfy(event -> assertThat(event.getString("request")).isEqualTo("r1"));
        assertThat(of(events, "kvant.Prefill")).singleElement().satisfies(event -> {
            assertThat(event.getInt("promptTokens")).isGreaterThan(3);
            assertThat(event.getInt("cachedTokens")).isZero();
            assertThat(event.getDuration("time")).isPositive();
        });
        assertThat(of(events, "kvant.Decode"))
                .isNotEmpty()
                .allSatisfy(event -> {
                    assertThat(event.getDuration()).isPositive();
                    assertThat(event.getInt("sequences")).isEqualTo(1);
                })
                .extracting(event -> event.getInt("promptTokens"))
                .contains(of(events, "kvant.Prefill").getFirst().getInt("promptTokens"));
    }
}
