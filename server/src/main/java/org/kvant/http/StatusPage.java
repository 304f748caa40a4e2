package org.kvant.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /}: one HTML document with its style and script inside, put together from the resources in {@code page/} once. It holds nothing of this
 * server's, so it needs no key; what it shows it asks for at the other routes. The policy allows this one style and this one script by their hashes,
 * requests to this server, and nothing else, markup made by the script included (W3C Content Security Policy Level 3, Trusted Types).
 */
final class StatusPage {
    private static final List<String> SCRIPTS = List.of("metrics.js", "pictures.js", "try.js", "page.js");

    private final Buffer body;
    private final String etag;
    private final String policy;

    StatusPage() {
        String style = resource("page.css");
        // A function of its own and strict: nothing of the page's is global.
        String script = "'use strict';(() => {\n"
                + String.join("\n", SCRIPTS.stream().map(StatusPage::resource).toList()) + "})();";
        byte[] html = resource("page.html")
                .replace("<!-- page.css -->", style)
                .replace("<!-- page.js -->", script)
                .getBytes(StandardCharsets.UTF_8);
        body = Buffer.buffer(html);
        etag = '"' + HexFormat.of().formatHex(sha256(html)).substring(0, 32) + '"';
        policy = String.join(
                "; ",
                "default-src 'none'",
                "style-src " + source(style),
                "script-src " + source(script),
                "connect-src 'self'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'");
    }

    void addTo(Router router) {
        router.route("/").method(HttpMethod.GET).method(HttpMethod.HEAD).handler(this::page);
    }

    private void page(RoutingContext context) {
        HttpServerResponse response = context.response()
                .putHeader(HttpHeaders.ETAG, etag)
                // May be kept, but is asked for anew each time: a new version of the server shows at once.
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache")
                .putHeader("Content-Security-Policy", policy)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        if (isKnown(context.request().getHeader(HttpHeaders.IF_NONE_MATCH))) {
            response.setStatusCode(304).end();
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/html; charset=utf-8");
        if (context.request().method() == HttpMethod.HEAD) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()))
                    .end();
        } else {
            response.end(body);
        }
    }

    /** RFC 9110, section 13.1.2: a list of tags, weak ones too, or a star. */
    private boolean isKnown(@Nullable String ifNoneMatch) {
        return ifNoneMatch != null
                && Arrays.stream(ifNoneMatch.split(",", -1))
                        .map(String::strip)
                        .anyMatch(tag -> tag.equals("*") || tag.equals(etag) || tag.equals("W/" + etag));
    }

    private static String source(String inline) {
        return "'sha256-" + Base64.getEncoder().encodeToString(sha256(inline.getBytes(StandardCharsets.UTF_8))) + "'";
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = StatusPage.class.getResourceAsStream("page/" + name)) {
            if (in == null) {
                throw new IllegalStateException("page/" + name + " is missing in the jar of kvant-server");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
