package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Iterator;
import java.util.function.DoubleConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a client sees of one streamed completion. All times in seconds from sending the request.
 *
 * @param firstToken when the first text arrived
 * @param betweenTokens mean time between tokens: from the first text to the last, over the tokens but one
 * @param total when the stream ended
 * @param promptTokens tokens of the prompt, as the server's usage says
 * @param tokens generated tokens, likewise
 */
record StreamedCompletion(double firstToken, double betweenTokens, double total, int promptTokens, int tokens) {

    private static final Pattern TEXT = Pattern.compile("\"text\":\\s*\"[^\"]");
    private static final Pattern PROMPT_TOKENS = Pattern.compile("\"prompt_tokens\":\\s*(\\d+)");
    private static final Pattern COMPLETION_TOKENS = Pattern.compile("\"completion_tokens\":\\s*(\\d+)");

    /** The JDK's client offers an upgrade to HTTP/2 unless told otherwise, at which llama-server closes the connection. */
    static HttpClient client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    /** @throws IOException also if another number of tokens came than was asked for */
    static StreamedCompletion run(HttpClient client, ServerProcess server, String prompt, int tokens)
            throws IOException, InterruptedException {
        return run(client, server, prompt, tokens, gap -> {});
    }

    /** The same, once more if the connection was dropped: llama-server does that with connections that were kept alive. */
    static StreamedCompletion again(HttpClient client, ServerProcess server, String prompt, int tokens)
            throws IOException, InterruptedException {
        try {
            return run(client, server, prompt, tokens);
        } catch (IOException dropped) {
            System.err.println("  once more: " + dropped.getMessage());
            return run(client, server, prompt, tokens);
        }
    }

    /** @param gaps gets the time since the text before whenever there is more, while the stream runs */
    static StreamedCompletion run(
            HttpClient client, ServerProcess server, String prompt, int tokens, DoubleConsumer gaps)
            throws IOException, InterruptedException {
        String body = """
                {"prompt":"%s","max_tokens":%d,"temperature":0,"stream":true,"ignore_eos":true,"stream_options":{"include_usage":true}}""".formatted(prompt, tokens);
        HttpRequest request = HttpRequest.newBuilder(server.uri("/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        long sent = System.nanoTime();
        HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
        // A stream must be read to its end or closed, or its connection stays taken.
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                throw new IOException(server.uri("") + " answered " + response.statusCode());
            }
            return read(lines, sent, server, tokens, gaps);
        } catch (java.io.UncheckedIOException e) {
            throw new IOException("the stream broke off: " + e.getMessage(), e);
        }
    }

    private static StreamedCompletion read(
            Stream<String> lines, long sent, ServerProcess server, int tokens, DoubleConsumer gaps) throws IOException {
        long first = 0;
        long last = 0;
        int[] usage = {0, 0};
        for (Iterator<String> it = lines.iterator(); it.hasNext(); ) {
            String line = it.next();
            if (TEXT.matcher(line).find()) {
                long now = System.nanoTime();
                if (first == 0) {
                    first = now;
                } else {
                    gaps.accept((now - last) / 1e9);
                }
                last = now;
            }
            take(PROMPT_TOKENS.matcher(line), usage, 0);
            take(COMPLETION_TOKENS.matcher(line), usage, 1);
        }
        double total = (System.nanoTime() - sent) / 1e9;
        if (usage[1] != tokens) {
            throw new IOException(
                    server.uri("") + " generated " + Arrays.toString(usage) + " (prompt, completion), not " + tokens);
        }
        double between = usage[1] < 2 ? Double.NaN : (last - first) / 1e9 / (usage[1] - 1);
        return new StreamedCompletion((first - sent) / 1e9, between, total, usage[0], usage[1]);
    }

    private static void take(Matcher found, int[] usage, int index) {
        if (found.find()) {
            usage[index] = Integer.parseInt(found.group(1));
        }
    }
}
