package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpositionFormatTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Prometheus 2.42, 2.55, 3.0; a browser; curl.
                "OPEN_METRICS | application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                "OPEN_METRICS | application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                "TEXT | text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                "TEXT | */*",
                "TEXT | text/plain",
                "TEXT | text/*;q=0.2",
                "TEXT | text/plain;q=0.9, application/openmetrics-text;q=0.1",
                "OPEN_METRICS | Application/OpenMetrics-Text; Version=\"1.0.0\"",
                "OPEN_METRICS | application/openmetrics-text, */*;q=0.1",
                "TEXT | application/openmetrics-text;q=0, */*",
                "TEXT | application/openmetrics-text;version=9.0.0",
                "TEXT | application/json",
                "TEXT | application/openmetrics-text;q=much",
                "TEXT | ;;,,q=1",
            })
    void theBetterLikedFormatIsChosen(ExpositionFormat expected, String accept) {
        assertThat(ExpositionFormat.negotiate(accept)).isEqualTo(expected);
    }

    @Test
    void textIsTheDefault() {
        assertThat(ExpositionFormat.negotiate(null)).isEqualTo(ExpositionFormat.TEXT);
        assertThat(ExpositionFormat.negotiate("")).isEqualTo(ExpositionFormat.TEXT);
    }
}
