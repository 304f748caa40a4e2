package org.kvant.monitoring.otlp;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether there is anything to send to. Apart from {@link OtlpExport}, because asking that would load the library. */
public final class OtlpEndpoint {
    private OtlpEndpoint() {}

    /** Whether the environment names a receiver, for all signals or for one. */
    public static boolean configured(Map<String, String> environment) {
        return !Boolean.parseBoolean(environment.get("OTEL_SDK_DISABLED"))
                && (isSet(environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
                        || isSet(environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
                        || isSet(environment.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")));
    }

    static boolean isSet(@Nullable String value) {
        return value != null && !value.isBlank();
    }
}
