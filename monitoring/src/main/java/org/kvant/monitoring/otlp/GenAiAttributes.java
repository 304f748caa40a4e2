package org.kvant.monitoring.otlp;

import io.opentelemetry.api.common.AttributeKey;
import java.util.List;
import org.kvant.api.watch.Exchange;
import org.kvant.engine.request.FinishReason;

/** Names of OpenTelemetry's semantic conventions for generative AI, and of ours where they have none. */
final class GenAiAttributes {
    static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
    static final AttributeKey<String> REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model");
    static final AttributeKey<String> RESPONSE_MODEL = AttributeKey.stringKey("gen_ai.response.model");
    static final AttributeKey<String> RESPONSE_ID = AttributeKey.stringKey("gen_ai.response.id");
    static final AttributeKey<List<String>> FINISH_REASONS =
            AttributeKey.stringArrayKey("gen_ai.response.finish_reasons");
    static final AttributeKey<Long> MAX_TOKENS = AttributeKey.longKey("gen_ai.request.max_tokens");
    static final AttributeKey<Long> CHOICES = AttributeKey.longKey("gen_ai.request.choice.count");
    static final AttributeKey<Double> TEMPERATURE = AttributeKey.doubleKey("gen_ai.request.temperature");
    static final AttributeKey<Double> TOP_P = AttributeKey.doubleKey("gen_ai.request.top_p");
    static final AttributeKey<Double> TOP_K = AttributeKey.doubleKey("gen_ai.request.top_k");
    static final AttributeKey<Long> SEED = AttributeKey.longKey("gen_ai.request.seed");
    static final AttributeKey<Long> INPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.input_tokens");
    static final AttributeKey<Long> OUTPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.output_tokens");
    static final AttributeKey<Long> CACHED_TOKENS = AttributeKey.longKey("gen_ai.usage.cache_read.input_tokens");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
    static final AttributeKey<String> SERVER_ADDRESS = AttributeKey.stringKey("server.address");
    static final AttributeKey<Long> SERVER_PORT = AttributeKey.longKey("server.port");
    /** Which of a request's generations a phase belongs to. */
    static final AttributeKey<Long> GENERATION = AttributeKey.longKey("kvant.generation");

    /** This server, in the conventions' place for whoever provides the model. */
    static final String KVANT = "kvant";

    private GenAiAttributes() {}

    static String operation(Exchange exchange) {
        return exchange.operation();
    }

    /** In the words of the API. */
    static String word(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case TIMEOUT -> "timeout";
            case CANCELLED -> "cancelled";
            case ERROR -> "error";
        };
    }

    /** Whether the generation ended as its client wanted. */
    static boolean good(FinishReason reason) {
        return reason == FinishReason.STOP || reason == FinishReason.LENGTH;
    }
}
