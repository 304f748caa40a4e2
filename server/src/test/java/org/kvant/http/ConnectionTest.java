package org.kvant.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens on the wire: clients that leave, read slowly, send slowly, or send too much. */
class ConnectionTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private static String completion(boolean stream) {
        return RawConnection.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":" + stream + "}");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatLeavesCancelsItsGeneration(boolean stream) throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            ScriptedInference.Script script;
            try (RawConnection client = new RawConnection(server.port())) {
                client.send(completion(stream));
                script = server.engine.next();
                script.text("a");
            }
            await().until(() -> script.cancelled);
            assertThat(server.service.awaitAnswers(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void aClientThatLeavesCancelsAllItsPrompts() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            ScriptedInference.Script first;
            ScriptedInference.Script second;
            try (RawConnection client = new RawConnection(server.port())) {
                client.send(RawConnection.post("/v1/completions", "{\"prompt\":[\"a\",\"b\",\"c\"]}"));
                first = server.engine.next();
                second = server.engine.next();
            }
            await().until(() -> first.cancelled && second.cancelled);
            assertThat(server.engine.nothingSubmitted()).isTrue();
        }
    }

    @Test
    void aSlowReaderPausesItsGenerationAndLosesNothing() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready();
                RawConnection client = new RawConnection(server.port(), 4096)) {
            client.send(completion(true));
            ScriptedInference.Script script = server.engine.next();
            int pieces = 0;
            while (!script.paused) {
                script.text("piece " + pieces++ + " " + "x".repeat(1000));
                assertThat(pieces).isLessThan(100_000);
                // As an engine does, leave the event loop time.
                LockSupport.parkNanos(100_000);
            }
            // The engine may have a token or two on their way when it is paused.
            script.text("piece " + pieces++ + " late");
            ScriptedInference.Script paused = script;
            CompletableFuture<Void> resumed = CompletableFuture.runAsync(() -> {
                await().atMost(Duration.ofSeconds(20)).until(() -> !paused.paused);
                paused.text("after the pause").stop();
            });
            String answer = client.answer();
            resumed.get();
            int at = 0;
            for (int i = 0; i < pieces; i++) {
                at = answer.indexOf("\"piece " + i + " ", at);
                assertThat(at).as("piece %d", i).isPositive();
            }
            assertThat(answer.indexOf("after the pause")).isGreaterThan(at);
            assertThat(answer).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void aPausedGenerationThatTheEngineGivesUpEndsTheConnection() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready();
                RawConnection client = new RawConnection(server.port(), 4096)) {
            client.send(completion(true));
            ScriptedInference.Script script = server.engine.next();
            while (!script.paused) {
                script.text("x".repeat(1000));
                LockSupport.parkNanos(100_000);
            }
            script.cancel("paused for too long");
            assertThat(server.service.awaitAnswers(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void keepsOneConnectionThroughAnswersAndErrors() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withMaxBodyBytes(1000))) {
            server.service.attach(server.engine);
            try (RawConnection client = new RawConnection(server.port())) {
                for (int i = 0; i < 50; i++) {
                    client.send(completion(i % 2 == 0));
                    server.engine.next().text("t" + i).stop();
                    assertThat(client.answer()).startsWith("HTTP/1.1 200").contains("t" + i);
                    client.send(RawConnection.post("/v1/completions", "{"));
                    assertThat(client.answer()).startsWith("HTTP/1.1 400");
                    client.send(RawConnection.post("/v1/nothing", "{}"));
                    assertThat(client.answer()).startsWith("HTTP/1.1 404");
                    client.send("GET /v1/completions HTTP/1.1\r\nHost: x\r\n\r\n");
                    assertThat(client.answer()).startsWith("HTTP/1.1 405");
                    client.send(RawConnection.post("/v1/completions", "x".repeat(200_000)));
                    assertThat(client.answer()).startsWith("HTTP/1.1 413").contains("1000 bytes");
                }
            }
        }
    }

    @Test
    void refusesALongBodyOfUnknownLength() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withMaxBodyBytes(1000));
                RawConnection client = new RawConnection(server.port())) {
            server.service.attach(server.engine);
            client.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 20; i++) {
                client.send("64\r\n" + "x".repeat(100) + "\r\n");
            }
            client.send("0\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 413").contains("request_too_large");
        }
    }

    @Test
    void boundsAllBodiesTogether() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withMaxBodyBytes(1000))) {
            server.service.attach(server.engine);
            String most = "POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + "x".repeat(900);
            try (RawConnection a = new RawConnection(server.port());
                    RawConnection b = new RawConnection(server.port());
                    RawConnection c = new RawConnection(server.port());
                    RawConnection d = new RawConnection(server.port())) {
                for (RawConnection client : new RawConnection[] {a, b, c, d}) {
                    client.send(most);
                }
                // The four hold most of what all may hold.
                String long1 = "{\"content\":\"" + "y".repeat(900) + "\"}";
                await().until(() -> server.post("/tokenize", long1).statusCode() == 429);
                a.send("x".repeat(100));
                assertThat(a.answer()).startsWith("HTTP/1.1 400");
                assertThat(server.post("/tokenize", long1).statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void tellsAClientThatAsksBeforeItSends() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withMaxBodyBytes(1000))) {
            server.service.attach(server.engine);
            String head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ";
            try (RawConnection client = new RawConnection(server.port())) {
                client.send(head + "14\r\n\r\n");
                assertThat(client.answer()).startsWith("HTTP/1.1 100");
                client.send("{\"prompt\":\"a\"}");
                server.engine.next().stop();
                assertThat(client.answer()).startsWith("HTTP/1.1 200");
            }
            try (RawConnection client = new RawConnection(server.port())) {
                client.send(head + "1400\r\n\r\n");
                assertThat(client.rest()).startsWith("HTTP/1.1 413");
            }
        }
    }

    @Test
    void readsJsonWhateverItIsCalled() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            for (String type :
                    new String[] {"application/x-www-form-urlencoded", "text/plain", "multipart/form-data"}) {
                HttpResponse<String> response = server.send(server.request("/tokenize")
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString("{\"content\":\"a\"}")));
                assertThat(response.body()).isEqualTo("{\"tokens\":[97]}");
            }
        }
    }

    @Test
    void streamsToHttp10UntilTheConnectionEnds() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready();
                RawConnection client = new RawConnection(server.port())) {
            client.send(completion(true).replace("HTTP/1.1", "HTTP/1.0"));
            server.engine.next().text("a").stop();
            assertThat(client.rest()).contains("\"text\":\"a\"").endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void answersTheUpgradeThatTheJdksClientSends() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready();
                HttpClient client = HttpClient.newHttpClient()) {
            for (int size : new int[] {1, 100_000}) {
                String body = "{\"prompt\":\"a\",\"user\":\"" + "x".repeat(size) + "\"}";
                CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                        server.request("/v1/completions")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                server.engine.next().text("b").stop();
                assertThat(answer.get().version()).isEqualTo(HttpClient.Version.HTTP_2);
                assertThat(answer.get().body()).contains("\"text\":\"b\"");
            }
        }
    }

    @Test
    void aStreamOfHttp2ThatIsGivenUpCancelsOnlyItself() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready();
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = server.request("/v1/completions")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}"))
                    .build();
            CompletableFuture<HttpResponse<String>> first =
                    client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
            ScriptedInference.Script a = server.engine.next();
            a.stop();
            first.get();
            CompletableFuture<HttpResponse<String>> left =
                    client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
            ScriptedInference.Script b = server.engine.next();
            CompletableFuture<HttpResponse<String>> stays =
                    client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
            ScriptedInference.Script c = server.engine.next();
            left.cancel(true);
            await().until(() -> b.cancelled);
            c.text("c").stop();
            assertThat(stays.get().body()).contains("\"text\":\"c\"");
        }
    }

    @Test
    void closesWhoSendsNoRequestOrHalfOfOne() throws Exception {
        try (ScriptedServer server =
                new ScriptedServer(1, options -> options.withTimeouts(Duration.ofMillis(200), LONG))) {
            server.service.attach(server.engine);
            try (RawConnection silent = new RawConnection(server.port());
                    RawConnection dribbling = new RawConnection(server.port());
                    RawConnection half = new RawConnection(server.port())) {
                dribbling.send("GET /health HTTP/1.1\r\nX-Slow: ");
                half.send("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"content\"");
                assertThat(half.rest()).startsWith("HTTP/1.1 408");
                assertThat(silent.closedByServer()).isTrue();
                assertThat(dribbling.closedByServer()).isTrue();
            }
        }
    }

    @Test
    void closesIdleConnectionsButNotSlowGenerations() throws Exception {
        try (ScriptedServer server = new ScriptedServer(
                1, options -> options.withTimeouts(Duration.ofMillis(300), Duration.ofMillis(300)))) {
            server.service.attach(server.engine);
            try (RawConnection slow = new RawConnection(server.port());
                    RawConnection idle = new RawConnection(server.port())) {
                slow.send(completion(false));
                ScriptedInference.Script script = server.engine.next();
                idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
                idle.answer();
                // The idle one's end shows that more time has passed than either may take.
                assertThat(idle.closedByServer()).isTrue();
                script.text("done").stop();
                assertThat(slow.answer()).contains("\"text\":\"done\"");
            }
        }
    }

    @Test
    void pingsWhileAStreamIsSilent() throws Exception {
        try (ScriptedServer server = new ScriptedServer(1, options -> options.withPingInterval(Duration.ofMillis(50)));
                RawConnection client = new RawConnection(server.port())) {
            server.service.attach(server.engine);
            client.send(completion(true));
            ScriptedInference.Script script = server.engine.next();
            for (String line = client.line(); !line.equals(": ping"); line = client.line()) {
                assertThat(line).isNotNull();
            }
            script.text("a").stop();
            for (String line = client.line(); !line.equals("data: [DONE]"); line = client.line()) {
                assertThat(line).isNotNull();
            }
        }
    }

    @Test
    void refusesWhatIsNotHttp() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            assertThat(rest(server, "nonsense\r\n\r\n")).contains(" 400 ").contains("invalid_http");
            assertThat(rest(server, "GET /" + "x".repeat(9000) + " HTTP/1.1\r\n\r\n"))
                    .contains(" 414 ");
            assertThat(rest(server, "GET / HTTP/1.1\r\nX: " + "x".repeat(40_000) + "\r\n\r\n"))
                    .contains(" 431 ");
        }
    }

    private static String rest(ScriptedServer server, String request) throws IOException {
        try (RawConnection client = new RawConnection(server.port())) {
            return client.send(request).rest();
        }
    }

    @Test
    void drainsWhatIsUnderWay() throws Exception {
        try (ScriptedServer server = ScriptedServer.ready()) {
            CompletableFuture<HttpResponse<String>> answer = server.postLater("/v1/completions", "{\"prompt\":\"a\"}");
            ScriptedInference.Script script = server.engine.next();
            server.service.refuseNew();
            assertThat(server.service.awaitAnswers(Duration.ofMillis(50))).isFalse();
            HttpResponse<String> refused = server.post("/v1/completions", "{\"prompt\":\"a\"}");
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("shutting down");
            script.text("done").stop();
            assertThat(server.service.awaitAnswers(Duration.ofSeconds(10))).isTrue();
            assertThat(answer.get().body()).contains("\"text\":\"done\"");
        }
    }
}
