package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a client sees of one streamed completion. All times in seconds from sending the request.
 *
 * @param firstToken when the first text arrived
 * @param betweenTokens mean time between tokens: from the first text to the last, over the tokens but one
 * @param total when the stream ended
 * @param tokens generated tokens, as the server's usage says
 */
record StreamedCompletion(double firstToken, double betweenTokens, double total, int tokens) {

    private static final Pattern TEXT = Pattern.compile("\"text\":\\s*\"[^\"]");
    private static final Pattern COMPLETION_TOKENS = Pattern.compile("\"completion_tokens\":\\s*(\\d+)");

    /** The JDK's client offers an upgrade to HTTP/2 unless told otherwise, at which llama-server closes the connection. */
    static HttpClient client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    static StreamedCompletion run(HttpClient client, ServerProcess server, String prompt, int tokens)
            throws IOException, InterruptedException {
        String body = """
                {"prompt":"%s","max_tokens":%d,"temperature":0,"stream":true,"ignore_eos":true,"stream_options":{"include_usage":true}}""".formatted(prompt, tokens);
        HttpRequest request = HttpRequest.newBuilder(server.uri("/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        long sent = System.nanoTime();
        HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
        if (response.statusCode() != 200) {
            throw new IOException(server.uri("") + " answered " + response.statusCode());
        }
        long first = 0;
        long last = 0;
        int generated = 0;
        try (Stream<String> lines = response.body()) {
            for (Iterator<String> it = lines.iterator(); it.hasNext(); ) {
                String line = it.next();
                if (TEXT.matcher(line).find()) {
                    last = System.nanoTime();
                    first = first == 0 ? last : first;
                }
                Matcher usage = COMPLETION_TOKENS.matcher(line);
                if (usage.find()) {
                    generated = Integer.parseInt(usage.group(1));
                }
            }
        }
        double total = (System.nanoTime() - sent) / 1e9;
        if (generated != tokens) {
            throw new IOException(server.uri("") + " generated " + generated + " of " + tokens + " tokens");
        }
        return new StreamedCompletion((first - sent) / 1e9, (last - first) / 1e9 / (generated - 1), total, generated);
    }
}
