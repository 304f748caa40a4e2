package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code GET /} as a document; a browser looks at it in the cli module. */
class StatusPageTest {
    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static String hash(String html, String element) throws Exception {
        Matcher inline = Pattern.compile("<" + element + ">(.*)</" + element + ">", Pattern.DOTALL)
                .matcher(html);
        assertThat(inline.find()).isTrue();
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest(inline.group(1).getBytes(StandardCharsets.UTF_8));
        return element + "-src 'sha256-" + Base64.getEncoder().encodeToString(digest) + "';";
    }

    @Test
    void allowsItsOwnStyleAndScriptAndNothingElse() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options)) {
            HttpResponse<String> page = server.get("/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(header(page, "Content-Type")).isEqualTo("text/html; charset=utf-8");
            assertThat(header(page, "Content-Security-Policy"))
                    .startsWith("default-src 'none';")
                    .contains(hash(page.body(), "style"), hash(page.body(), "script"))
                    .contains("connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'")
                    .doesNotContain("unsafe", "http:", "https:", "*");
            // The namespace of SVG is a name and no address that is fetched.
            assertThat(page.body().replace("http://www.w3.org/2000/svg", ""))
                    .doesNotContain("http://", "https://", "<!-- page", "innerHTML", "@import")
                    .hasSizeLessThan(60_000);
        }
    }

    @Test
    void isSentOnce() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options)) {
            String tag = header(server.get("/"), "ETag");
            assertThat(tag).matches("\"[0-9a-f]{32}\"");
            for (String known : new String[] {tag, "W/" + tag, "\"other\", " + tag, "*"}) {
                HttpResponse<String> again = server.send(server.request("/").header("If-None-Match", known));
                assertThat(again.statusCode()).as(known).isEqualTo(304);
                assertThat(again.body()).isEmpty();
                assertThat(header(again, "ETag")).isEqualTo(tag);
            }
            assertThat(server.send(server.request("/").header("If-None-Match", "\"other\""))
                            .body())
                    .startsWith("<!doctype html>");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD"})
    void hasTheSameHeadersWithAndWithoutABody(String method) throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options)) {
            HttpResponse<String> page =
                    server.send(server.request("/").method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(Integer.parseInt(header(page, "Content-Length"))).isGreaterThan(1000);
            assertThat(header(page, "Cache-Control")).isEqualTo("no-cache");
            assertThat(page.body().isEmpty()).isEqualTo(method.equals("HEAD"));
        }
    }
}
