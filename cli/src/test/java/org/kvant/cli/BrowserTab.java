package org.kvant.cli;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One tab of a real Chromium, driven over the Chrome DevTools Protocol. */
public final class BrowserTab implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("DevTools listening on ws://([^/]+)/");
    private static final Pattern PAGE = Pattern.compile("\"webSocketDebuggerUrl\":\\s*\"(ws:[^\"]*/page/[^\"]*)\"");

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<Map<?, ?>>> waiting = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final WebSocket socket;

    /** @param folder for the browser's profile */
    public BrowserTab(Path folder) throws Exception {
        Path program = Path.of(System.getProperty("kvant.root"), "build", "tools", "chromium");
        process = new ProcessBuilder(
                        program.toString(),
                        // Chromium's own sandbox needs rights that containers withhold; it sees our page only.
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--user-data-dir=" + folder,
                        "--remote-debugging-port=0",
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        try {
            String address = address();
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create(page(address)), new Listener())
                    .get(60, TimeUnit.SECONDS);
            for (String domain : List.of("Page", "Runtime", "Log")) {
                call(domain + ".enable", "{}");
            }
        } catch (Exception e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private String address() throws IOException {
        BufferedReader lines = process.inputReader();
        StringBuilder said = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.append(line).append('\n');
            Matcher found = LISTENING.matcher(line);
            if (found.find()) {
                // A full pipe would stop the browser.
                Thread.ofPlatform().daemon().start(() -> lines.lines().forEach(ignored -> {}));
                return found.group(1);
            }
        }
        throw new AssertionError("Chromium ended; monitoring/fetch-chromium.sh build/tools puts one there:\n" + said);
    }

    private String page(String address) throws Exception {
        HttpResponse<String> list = client.send(
                HttpRequest.newBuilder(URI.create("http://" + address + "/json/list"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        Matcher found = PAGE.matcher(list.body());
        if (!found.find()) {
            throw new AssertionError("No tab in " + list.body());
        }
        return found.group(1);
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                received(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void received(String message) {
        Map<?, ?> map;
        try {
            map = JsonTree.object(message);
        } catch (IOException e) {
            complaints.add(e + ": " + message);
            return;
        }
        if (map.get("id") instanceof Number id) {
            CompletableFuture<Map<?, ?>> answer = waiting.remove(id.intValue());
            if (answer != null) {
                answer.complete(map);
            }
        } else if ("Runtime.exceptionThrown".equals(map.get("method"))
                // What the server refuses is a line of the network's; the rest is the page's fault.
                || "Log.entryAdded".equals(map.get("method")) && !map.toString().contains("source=network")) {
            complaints.add(map.toString());
        }
    }

    /** Calls a method of the protocol and gives its result. */
    public Map<?, ?> call(String method, String parameters) throws Exception {
        int id = ids.incrementAndGet();
        CompletableFuture<Map<?, ?>> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText("{\"id\":%d,\"method\":\"%s\",\"params\":%s}".formatted(id, method, parameters), true)
                .get(60, TimeUnit.SECONDS);
        Map<?, ?> message = answer.get(60, TimeUnit.SECONDS);
        if (message.containsKey("error")) {
            throw new AssertionError(method + ": " + message.get("error"));
        }
        return object(message, "result");
    }

    private static Map<?, ?> object(Map<?, ?> in, String name) {
        if (in.get(name) instanceof Map<?, ?> object) {
            return object;
        }
        throw new AssertionError("no object '" + name + "' in " + in);
    }

    /** Runs a script in every document to come, before the document's own; gives the script's name. */
    public String before(String script) throws Exception {
        return String.valueOf(call("Page.addScriptToEvaluateOnNewDocument", "{\"source\":" + quoted(script) + "}")
                .get("identifier"));
    }

    /** Undoes {@link #before}. */
    public void forget(String script) throws Exception {
        call("Page.removeScriptToEvaluateOnNewDocument", "{\"identifier\":" + quoted(script) + "}");
    }

    /** Loads a page anew, even the one that is there. */
    public void open(String url) throws Exception {
        evaluate("window.leaving = true");
        call("Page.navigate", "{\"url\":" + quoted(url) + "}");
        await("!window.leaving && document.readyState === 'complete' && location.href.startsWith(" + quoted(url) + ")");
    }

    /** The value of an expression, a promise's too. */
    @Nullable
    public Object evaluate(String expression) throws Exception {
        Map<?, ?> result = call(
                "Runtime.evaluate",
                "{\"expression\":" + quoted(expression) + ",\"awaitPromise\":true,\"returnByValue\":true}");
        if (result.containsKey("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
        }
        return object(result, "result").get("value");
    }

    /** What an element says. */
    public String text(String id) throws Exception {
        return String.valueOf(evaluate("document.getElementById(" + quoted(id) + ").innerText"));
    }

    /** Waits until an expression is true. */
    public void await(String expression) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!holds(expression)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(
                        "never true: " + expression + "\n" + evaluate("document.body.innerText") + complaints);
            }
            Thread.sleep(50);
        }
    }

    private boolean holds(String expression) throws Exception {
        try {
            return Boolean.TRUE.equals(evaluate(expression));
        } catch (AssertionError e) {
            // A document that goes takes what runs in it along.
            if (String.valueOf(e.getMessage()).matches("(?s).*(context was destroyed|navigated or closed).*")) {
                return false;
            }
            throw e;
        }
    }

    /** Exceptions, breaches of the content security policy and the like, in the browser's words. */
    public List<String> complaints() {
        return complaints;
    }

    public static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    @Override
    public void close() throws Exception {
        socket.abort();
        client.close();
        // Its children write into the profile too, and may live longer than it does.
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        for (ProcessHandle child : children) {
            try {
                var _ = child.onExit().get(5, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                child.destroyForcibly();
                var _ = child.onExit().get(5, TimeUnit.SECONDS);
            }
        }
    }
}
