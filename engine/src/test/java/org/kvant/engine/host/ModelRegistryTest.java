package org.kvant.engine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.engine.EngineNotReadyException;
import org.kvant.engine.request.FinishReason;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.scheduling.Collector;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.testkit.DemoModel;

class ModelRegistryTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private static EngineOptions options() {
        return EngineOptions.builder()
                .natives(DemoModel.natives())
                .context(EngineOptions.defaultContext()
                        .threads(1)
                        .maxSequences(2)
                        .contextSize(1024)
                        .build())
                .build();
    }

    private static ModelSpec demo(String name) {
        return ModelSpec.of(name, DemoModel.file(), options(), EngineListener.NONE);
    }

    private static GenerationRequest request(ServedModel model, int tokens) {
        return GenerationRequest.builder("r", model.tokenizer().tokenizePrompt("Once upon a time"))
                .sampling(SamplingOptions.builder().temperature(0).build())
                .ignoreEos(true)
                .maxTokens(tokens)
                .build();
    }

    @Test
    void twoModelsAnswerOnOneDecodeThread() throws Exception {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        try (ModelHost host = new ModelHost();
                ModelRegistry registry = new ModelRegistry(host, List.of(demo("a"), demo("b")))) {
            assertThat(registry.all()).extracting(ServedModel::name).containsExactly("a", "b");
            assertThat(registry.first().state()).isEqualTo(ModelState.UNLOADED);
            List<Collector> sinks = new ArrayList<>();
            try (ModelRegistry.Lease a = registry.lease("a");
                    ModelRegistry.Lease b = registry.lease("b")) {
                assertThat(a.await(LONG)).isEqualTo(ModelState.READY);
                assertThat(b.await(LONG)).isEqualTo(ModelState.READY);
                for (int i = 0; i < 3; i++) {
                    for (ServedModel model : registry.all()) {
                        Collector sink = new Collector() {
                            @Override
                            public void onText(String text, int tokenId) {
                                threads.add(Thread.currentThread().getName()
                                        + Thread.currentThread().threadId());
                                super.onText(text, tokenId);
                            }
                        };
                        model.submit(request(model, 30), sink);
                        sinks.add(sink);
                    }
                }
                for (Collector sink : sinks) {
                    assertThat(sink.finish().reason()).isEqualTo(FinishReason.LENGTH);
                    assertThat(sink.text()).isEqualTo(sinks.getFirst().text());
                }
            }
        }
        assertThat(threads).hasSize(1).allMatch(name -> name.startsWith("kvant-decode"));
    }

    @Test
    void oneLoadsWhileTheOtherGoesOn() throws Exception {
        try (ModelHost host = new ModelHost();
                ModelRegistry registry = new ModelRegistry(host, List.of(demo("a"), demo("b")));
                ModelRegistry.Lease a = registry.lease("a")) {
            assertThat(a.await(LONG)).isEqualTo(ModelState.READY);
            Collector sink = new Collector();
            a.model().submit(request(a.model(), 400), sink);
            try (ModelRegistry.Lease b = registry.lease("b")) {
                assertThat(b.await(LONG)).isEqualTo(ModelState.READY);
            }
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(400);
        }
    }

    @Test
    void aModelIsUnloadedWhenNobodyNeedsItAndCanComeBack() throws Exception {
        try (ModelHost host = new ModelHost();
                ModelRegistry registry = new ModelRegistry(host, List.of(demo("a"), demo("b")))) {
            ServedModel model = registry.find("a").orElseThrow();
            try (ModelRegistry.Lease lease = registry.lease("a")) {
                assertThat(lease.await(LONG)).isEqualTo(ModelState.READY);
                assertThat(model.snapshot().weightBytes()).isPositive();
                assertThat(registry.unload("a", Duration.ofMillis(20))).isFalse();
                assertThat(model.state()).isEqualTo(ModelState.READY);
            }
            assertThat(registry.unload("a", LONG)).isTrue();
            assertThat(model.state()).isEqualTo(ModelState.UNLOADED);
            assertThat(model.snapshot().weightBytes()).isZero();
            assertThatThrownBy(model::tokenizer).isInstanceOf(EngineNotReadyException.class);
            try (ModelRegistry.Lease lease = registry.lease("a")) {
                assertThat(lease.await(LONG)).isEqualTo(ModelState.READY);
                Collector sink = new Collector();
                model.submit(request(model, 5), sink);
                assertThat(sink.finish().usage().completionTokens()).isEqualTo(5);
            }
        }
    }

    @Test
    void oneThatCannotBeLoadedLeavesTheOthersAlone(@TempDir Path folder) throws Exception {
        Path broken = folder.resolve("broken.gguf");
        Files.writeString(broken, "GGUF, but not really");
        try (ModelHost host = new ModelHost();
                ModelRegistry registry = new ModelRegistry(
                        host, List.of(ModelSpec.of("broken", broken, options(), EngineListener.NONE), demo("a")));
                ModelRegistry.Lease bad = registry.lease("broken");
                ModelRegistry.Lease good = registry.lease("a")) {
            assertThat(bad.await(LONG)).isEqualTo(ModelState.FAILED);
            assertThat(bad.model().failure()).hasMessageContaining("broken.gguf");
            assertThat(good.await(LONG)).isEqualTo(ModelState.READY);
            Collector sink = new Collector();
            good.model().submit(request(good.model(), 5), sink);
            assertThat(sink.finish().usage().completionTokens()).isEqualTo(5);
        }
    }

    @Test
    void drainingLetsAllModelsFinish() throws Exception {
        try (ModelHost host = new ModelHost();
                ModelRegistry registry = new ModelRegistry(host, List.of(demo("a"), demo("b")));
                ModelRegistry.Lease a = registry.lease("a");
                ModelRegistry.Lease b = registry.lease("b")) {
            assertThat(a.await(LONG)).isEqualTo(ModelState.READY);
            assertThat(b.await(LONG)).isEqualTo(ModelState.READY);
            Collector first = new Collector();
            Collector second = new Collector();
            a.model().submit(request(a.model(), 100), first);
            b.model().submit(request(b.model(), 100), second);
            registry.drain(LONG);
            assertThat(first.finish().usage().completionTokens()).isEqualTo(100);
            assertThat(second.finish().usage().completionTokens()).isEqualTo(100);
            assertThat(registry.all()).allMatch(model -> model.state() == ModelState.UNLOADED);
        }
    }

    @Test
    void namesAreUnique() {
        try (ModelHost host = new ModelHost()) {
            assertThatThrownBy(() -> new ModelRegistry(host, List.of(demo("a"), demo("a"))))
                    .hasMessageContaining("'a'");
            assertThatThrownBy(() -> new ModelRegistry(host, List.of())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ModelSpec.of(" ", DemoModel.file(), options(), EngineListener.NONE))
                    .hasMessageContaining("name");
        }
    }
}
