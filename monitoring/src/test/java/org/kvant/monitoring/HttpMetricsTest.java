package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvant.api.common.ApiError;

class HttpMetricsTest {
    private final Monitoring monitoring = new Monitoring(BuildInfo.of("test"));

    @AfterEach
    void close() {
        monitoring.close();
    }

    @Test
    void preparationIsTimed() {
        monitoring.http().templateRendered(20_000);
        monitoring.http().tokenized(3_000_000);
        monitoring.http().tokenized(1_000_000);
        monitoring.http().grammarCompiled(500_000);

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        assertThat(scrape.value("kvant_chat_template_seconds_sum")).isEqualTo(20e-6);
        assertThat(scrape.value("kvant_tokenization_seconds_count")).isEqualTo(2);
        assertThat(scrape.value("kvant_tokenization_seconds_sum")).isEqualTo(0.004);
        assertThat(scrape.value("kvant_tokenization_seconds_bucket", "le", "0.001"))
                .isEqualTo(1);
        assertThat(scrape.value("kvant_grammar_compilation_seconds_sum")).isEqualTo(0.0005);
    }

    @ParameterizedTest
    @CsvSource({
        "400, invalid_json, bad_request",
        "400, context_length_exceeded, context_exceeded",
        "401, invalid_api_key, unauthorized",
        "404, model_not_found, not_found",
        "405, method_not_supported, method_not_allowed",
        "408, request_timeout, timeout",
        "413, request_too_large, too_large",
        "414, invalid_http, too_large",
        "429, rate_limit_exceeded, overloaded",
        "431, invalid_http, too_large",
        "500, , internal",
        "503, service_unavailable, unavailable"
    })
    void refusalsGoByReason(int status, String code, String reason) {
        monitoring.http().refused(new ApiError(status, "", "", null, code));

        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        assertThat(scrape.value("kvant_http_requests_rejected_total", "reason", reason))
                .isEqualTo(1);
        assertThat(scrape.family("kvant_http_requests_rejected_total").samples().stream()
                        .mapToDouble(ParsedScrape.Sample::value)
                        .sum())
                .isEqualTo(1);
    }
}
