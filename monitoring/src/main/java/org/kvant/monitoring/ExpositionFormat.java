package org.kvant.monitoring;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The formats that a scraper can ask for. */
@SuppressWarnings("ImmutableEnumChecker") // The writers have no state, and lists made by List.of are immutable.
enum ExpositionFormat {
    /** Prometheus' text format 0.0.4. */
    TEXT(PrometheusTextFormatWriter.create(), "text/plain", "0.0.4"),
    /** OpenMetrics 1.0.0. */
    OPEN_METRICS(OpenMetricsTextFormatWriter.create(), "application/openmetrics-text", "1.0.0", "0.0.1");

    private final ExpositionFormatWriter writer;
    private final String mediaType;
    private final List<String> versions;

    ExpositionFormat(ExpositionFormatWriter writer, String mediaType, String... versions) {
        this.writer = writer;
        this.mediaType = mediaType;
        this.versions = List.of(versions);
    }

    /** The client library's writer, which {@link ExpositionWriter} does the same as. */
    ExpositionFormatWriter reference() {
        return writer;
    }

    /** The header {@code Content-Type}. */
    String contentType() {
        return writer.getContentType();
    }

    /**
     * Chooses as RFC 9110 section 12.5.1 says. Between equals, and for a scraper that doesn't say or wants nothing that we have, the text format:
     * every scraper and every eye reads it.
     *
     * @param accept the request's header {@code Accept}; null if there is none
     */
    static ExpositionFormat negotiate(@Nullable String accept) {
        if (accept == null) {
            return TEXT;
        }
        return OPEN_METRICS.quality(accept) > TEXT.quality(accept) ? OPEN_METRICS : TEXT;
    }

    /** The q-value of the most specific range that covers this format; 0 if none does. */
    private double quality(String accept) {
        double quality = 0;
        int specificity = 0;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
            String[] parts = range.split(";", -1);
            int here = specificity(parts);
            if (here > 0 && here >= specificity) {
                double q = Math.clamp(number(parameter(parts, "q", "1")), 0, 1);
                // Several ranges of one specificity are versions of one format: the best of them counts.
                quality = here > specificity ? q : Math.max(quality, q);
                specificity = here;
            }
        }
        return quality;
    }

    /** 0 if the range doesn't cover this format, else more the closer it is. */
    private int specificity(String[] range) {
        String type = range[0].strip();
        if (type.equals("*/*")) {
            return 1;
        }
        if (type.equals(mediaType.substring(0, mediaType.indexOf('/')) + "/*")) {
            return 2;
        }
        if (!type.equals(mediaType)) {
            return 0;
        }
        String version = parameter(range, "version", "");
        if (version.isEmpty()) {
            return 3;
        }
        return versions.contains(version) ? 4 : 0;
    }

    private static String parameter(String[] range, String name, String otherwise) {
        for (int i = 1; i < range.length; i++) {
            String parameter = range[i].strip();
            if (parameter.startsWith(name + "=")) {
                return parameter.substring(name.length() + 1).strip().replace("\"", "");
            }
        }
        return otherwise;
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
