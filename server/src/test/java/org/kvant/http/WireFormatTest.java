package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kvant.api.AnswerEvents;
import org.kvant.api.Dialect;
import org.kvant.api.GenerationBody;
import org.kvant.api.Query;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Choice;
import org.kvant.api.common.LoggedToken;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;
import org.kvant.api.openai.CompletionRequest;
import org.kvant.api.watch.HttpListener;
import org.kvant.api.watch.MetricsSource;

/** A wire format that the server has never heard of is served like its own: by one implementation and one line. */
class WireFormatTest {
    /** Requests are those of completions; answers are lines of plain text. */
    private static final class Lines implements Dialect {
        @Override
        public String path() {
            return "/lines";
        }

        @Override
        public String operation() {
            return "text_completion";
        }

        @Override
        public String idPrefix() {
            return "line-";
        }

        @Override
        public GenerationBody parse(byte[] body) throws ApiException {
            CompletionRequest request = CompletionRequest.parse(body);
            return new GenerationBody(
                    request.model(), new GenerationBody.Prompts(request.prompts(), false), request.parameters());
        }

        @Override
        public AnswerEvents events(ResponseHead head, boolean usageFollows) {
            return new LineEvents();
        }

        @Override
        public byte[] whole(ResponseHead head, List<Choice> choices, TokenCounts usage, @Nullable PhaseTimes times) {
            return (head.model() + "|" + choices.getFirst().text() + "|"
                            + choices.getFirst().finishReason())
                    .getBytes(StandardCharsets.UTF_8);
        }
    }

    private static final class LineEvents implements AnswerEvents {
        private static void line(ByteArrayOutputStream out, String text) {
            out.writeBytes((text + "\n").getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void begin(ByteArrayOutputStream out, int index) {
            line(out, "begin " + index);
        }

        @Override
        public void text(ByteArrayOutputStream out, int index, String text) {
            line(out, text);
        }

        @Override
        public int text(ByteArrayOutputStream out, int index, String text, List<LoggedToken> tokens, int offset) {
            line(out, text);
            return text.length();
        }

        @Override
        public void end(ByteArrayOutputStream out, int index, String finishReason, @Nullable PhaseTimes times) {
            line(out, "end " + finishReason);
        }

        @Override
        public void usage(ByteArrayOutputStream out, TokenCounts usage) {
            line(out, "usage");
        }

        @Override
        public void done(ByteArrayOutputStream out) {
            line(out, "done");
        }

        @Override
        public void error(ByteArrayOutputStream out, ApiError error) {
            line(out, "error " + error.message());
        }
    }

    private static final Query LENGTH = new Query() {
        @Override
        public String path() {
            return "/length";
        }

        @Override
        public byte[] answer(Models models, byte[] body) throws ApiException {
            int tokens = models.find(null)
                    .tokenizer()
                    .tokenize(new String(body, StandardCharsets.UTF_8), false, true)
                    .length;
            return ("{\"tokens\":" + tokens + "}").getBytes(StandardCharsets.UTF_8);
        }
    };

    private static HttpResponse<String> post(HttpClient client, int port, String path, String body)
            throws IOException, InterruptedException {
        return client.send(request(port, path, body), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(int port, String path, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    @Test
    void isServedWholeAndStreamed() throws Exception {
        ScriptedInference engine = new ScriptedInference(4);
        try (HttpService service = HttpService.start(
                        HttpOptions.of("127.0.0.1", 0, "m"),
                        new WireFormats(List.of(new Lines()), List.of(LENGTH)),
                        (_, _) -> new MetricsSource.Scrape("text/plain", new byte[0]),
                        HttpListener.NONE);
                HttpClient client = HttpClient.newHttpClient()) {
            service.attach(engine);
            CompletableFuture<HttpResponse<String>> whole = client.sendAsync(
                    request(service.port(), "/lines", "{\"prompt\":\"a\"}"), HttpResponse.BodyHandlers.ofString());
            engine.next().text("x").text("y").stop();
            assertThat(whole.get().body()).isEqualTo("m|xy|stop");
            assertThat(whole.get().headers().firstValue("x-request-id").orElseThrow())
                    .startsWith("line-");
            CompletableFuture<HttpResponse<String>> streamed = client.sendAsync(
                    request(service.port(), "/lines", "{\"prompt\":\"a\",\"stream\":true}"),
                    HttpResponse.BodyHandlers.ofString());
            engine.next().text("x").text("y").stop();
            assertThat(streamed.get().body()).isEqualTo("begin 0\nx\ny\nend stop\ndone\n");
            assertThat(post(client, service.port(), "/length", "abc").body()).isEqualTo("{\"tokens\":3}");
            // Other methods and other formats' routes are refused as ever.
            HttpResponse<String> get = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + "/lines"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(get.statusCode()).isEqualTo(405);
            assertThat(get.headers().firstValue("Allow")).hasValue("POST");
            assertThat(post(client, service.port(), "/v1/completions", "{}").statusCode())
                    .isEqualTo(404);
        }
    }
}
