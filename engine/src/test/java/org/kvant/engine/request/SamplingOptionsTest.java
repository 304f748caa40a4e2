package org.kvant.engine.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SamplingOptionsTest {
    @Test
    void defaultsAreLlamaServers() {
        SamplingOptions options = SamplingOptions.builder().build();
        assertThat(options).isEqualTo(SamplingOptions.DEFAULT);
        assertThat(options.temperature()).isEqualTo(0.8f);
        assertThat(options.topK()).isEqualTo(40);
        assertThat(options.topP()).isEqualTo(0.95f);
        assertThat(options.minP()).isEqualTo(0.05f);
        assertThat(options.repeatLastN()).isEqualTo(64);
        assertThat(options.penalizes()).isFalse();
        assertThat(options.randomSeed()).isTrue();
    }

    @Test
    void wrongValuesAreNamed() {
        SamplingOptions.Builder builder = SamplingOptions.builder();
        assertThatThrownBy(() -> builder.temperature(Float.NaN).build()).hasMessageContaining("temperature");
        assertThatThrownBy(() -> builder.temperature(-1).build()).hasMessageContaining("temperature");
        builder.temperature(1);
        assertThatThrownBy(() -> builder.topP(1.5f).build())
                .hasMessageContaining("top_p")
                .hasMessageContaining("1.5");
        builder.topP(1);
        assertThatThrownBy(() -> builder.repeatPenalty(0).build()).hasMessageContaining("repeat_penalty");
        assertThatThrownBy(() -> builder.repeatPenalty(Float.MIN_VALUE).build()).hasMessageContaining("repeat_penalty");
        builder.repeatPenalty(1);
        assertThatThrownBy(() -> builder.seed(1L << 32).build()).hasMessageContaining("seed");
    }

    @Test
    void requestsAreCheckedToo() {
        int[] prompt = {1, 2};
        GenerationRequest.Builder builder = GenerationRequest.builder("r", prompt);
        assertThatThrownBy(() -> builder.maxTokens(-2).build()).hasMessageContaining("max_tokens");
        builder.maxTokens(1);
        assertThatThrownBy(() -> builder.stop("x", "").build()).hasMessageContaining("stop");
        GenerationRequest request = builder.stop("x").build();
        prompt[0] = 9;
        request.promptTokens()[1] = 9;
        assertThat(request.promptTokens()).containsExactly(1, 2);
    }
}
