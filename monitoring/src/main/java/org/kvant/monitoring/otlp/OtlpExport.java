package org.kvant.monitoring.otlp;

import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.Monitoring;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sends the catalogue, the metrics of OpenTelemetry's GenAI conventions and a trace of each request to an OTLP receiver, as the variables of
 * OpenTelemetry's specification ({@code OTEL_…}) say: headers, certificates, service name, resource attributes, sampling, intervals. Only the
 * protocol has another default and no other value: {@code http/protobuf}.
 */
public final class OtlpExport implements AutoCloseable {
    private static final String ENDPOINT = "otel.exporter.otlp.endpoint";
    private static final String PROTOCOL = "otel.exporter.otlp.protocol";
    private static final String OURS = "http/protobuf";
    /** A receiver that doesn't answer must not keep the server from ending. */
    private static final long LAST_SECONDS = 5;
    /** Weakly held by the logging system otherwise, and its handler with it. */
    private static final Logger LIBRARY = Logger.getLogger("io.opentelemetry");

    private final OpenTelemetrySdk sdk;

    private OtlpExport(OpenTelemetrySdk sdk) {
        this.sdk = sdk;
    }

    /**
     * Begins to send, from threads of its own.
     *
     * @param endpoint base URL of the receiver; null for what the environment says
     * @param host and {@code port}: where this server listens
     * @throws IllegalArgumentException if the settings are wrong; the message says which
     */
    public static OtlpExport start(
            Monitoring monitoring, BuildInfo build, @Nullable String endpoint, String host, int port) {
        logThroughSlf4j();
        CatalogueProducer catalogue = new CatalogueProducer(monitoring::catalogue, build.version());
        OpenTelemetrySdk sdk;
        try {
            sdk = AutoConfiguredOpenTelemetrySdk.builder()
                    // The server stops in an order of its own.
                    .disableShutdownHook()
                    .addPropertiesSupplier(() -> Map.of(
                            PROTOCOL,
                            OURS,
                            "otel.service.name",
                            "kvant",
                            "otel.logs.exporter",
                            "none",
                            "otel.java.metrics.cardinality.limit",
                            "2000"))
                    .addPropertiesCustomizer(config -> overrides(config, endpoint))
                    .addMeterProviderCustomizer((meters, _) -> meters.registerMetricProducer(catalogue))
                    .build()
                    .getOpenTelemetrySdk();
        } catch (ConfigurationException e) {
            throw new IllegalArgumentException("OpenTelemetry's settings (OTEL_…) are wrong: " + e.getMessage(), e);
        }
        GenAiTelemetry telemetry = new GenAiTelemetry(
                sdk.getTracer("kvant", build.version()),
                new GenAiMetrics(sdk.getMeterProvider().get("kvant")),
                host,
                port);
        monitoring.record(telemetry);
        return new OtlpExport(sdk);
    }

    private static Map<String, String> overrides(ConfigProperties config, @Nullable String endpoint) {
        Map<String, String> properties = new HashMap<>();
        if (endpoint != null) {
            properties.put(ENDPOINT, endpoint);
        }
        boolean all = endpoint != null || OtlpEndpoint.isSet(config.getString(ENDPOINT));
        for (String signal : new String[] {"traces", "metrics"}) {
            String protocol =
                    config.getString("otel.exporter.otlp." + signal + ".protocol", config.getString(PROTOCOL));
            if (protocol != null && !protocol.equals(OURS)) {
                throw new ConfigurationException("the protocol " + protocol
                        + " of OTLP is not spoken here; leave OTEL_EXPORTER_OTLP_PROTOCOL out or set it to " + OURS
                        + ", and use the receiver's port for HTTP (usually 4318)");
            }
            if (!all && !OtlpEndpoint.isSet(config.getString("otel.exporter.otlp." + signal + ".endpoint"))) {
                // The library would send it to this machine's usual port.
                properties.put("otel." + signal + ".exporter", "none");
            }
        }
        return properties;
    }

    /** The library logs through the JDK, past the server's own log and its format. */
    private static void logThroughSlf4j() {
        LIBRARY.setUseParentHandlers(false);
        if (LIBRARY.getHandlers().length == 0) {
            LIBRARY.addHandler(new SLF4JBridgeHandler());
        }
    }

    /** Sends what is left, for a few seconds at most. */
    @Override
    public void close() {
        sdk.shutdown().join(LAST_SECONDS, TimeUnit.SECONDS);
    }
}
