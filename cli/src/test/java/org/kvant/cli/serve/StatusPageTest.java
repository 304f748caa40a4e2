package org.kvant.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.cli.BrowserTab;
import org.kvant.cli.CommandProcess;
import org.kvant.cli.JsonTree;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/** {@code GET /} of a real server in a real Chromium. The server has a key, and shows its metrics under other names than the page wants. */
class StatusPageTest {
    private static final String KEY = "s3cret";

    @TempDir
    private static Path folder;

    private static CommandProcess serve;
    private static BrowserTab tab;
    private static String url;
    private String knowsTheKey = "";

    @BeforeAll
    static void start() throws Exception {
        Path file = folder.resolve("demo.gguf");
        Converter.convert(
                Path.of(System.getProperty("kvant.root"), "models", "demo"), file, OutType.F16, ProgressListener.NONE);
        serve = CommandProcess.start(
                "serve",
                "-m",
                file.toString(),
                "--alias",
                "demo",
                "--port",
                "0",
                "-t",
                "1",
                "-ctk",
                "q8_0",
                "--api-key",
                KEY,
                "--metrics-names",
                "vllm");
        url = serve.await(Pattern.compile("Ready on (http://\\S+?):?\\s")).replaceFirst(":$", "");
        tab = new BrowserTab(folder.resolve("profile"));
    }

    @AfterAll
    static void stop() throws Exception {
        if (tab != null) {
            tab.close();
        }
        serve.close();
    }

    @BeforeEach
    void open() throws Exception {
        knowsTheKey = tab.before("sessionStorage.setItem('kvant-api-key', '" + KEY + "')");
        tab.open(url + "/");
        tab.await("document.getElementById('state').textContent === 'ready'");
        tab.await("document.getElementById('what').textContent.includes('llama')");
    }

    @AfterEach
    void forget() throws Exception {
        if (!knowsTheKey.isEmpty()) {
            tab.forget(knowsTheKey);
            knowsTheKey = "";
        }
    }

    private static String post(String path, String body) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url + path))
                                    .header("Authorization", "Bearer " + KEY)
                                    .POST(HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static String metrics() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url + "/metrics?names=kvant"))
                                    .header("X-Api-Key", KEY)
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static void ask(String kind, String prompt, int limit, double temperature) throws Exception {
        tab.evaluate("document.querySelector('input[value=%s]').click()".formatted(kind));
        tab.evaluate("""
                document.getElementById('prompt').value = %s;
                document.getElementById('limit').value = %d;
                document.getElementById('heat').value = %s;
                document.getElementById('send').click();
                """.formatted(BrowserTab.quoted(prompt), limit, temperature));
    }

    @Test
    void asksForTheKeyAndForgetsAWrongOne() throws Exception {
        forget();
        tab.evaluate("sessionStorage.clear()");
        tab.open(url + "/");
        tab.await("!document.getElementById('key-form').hidden && document.activeElement.id === 'key'");
        assertThat(tab.text("state")).isEqualTo("needs a key");
        String give = "document.getElementById('key').value = '%s'; document.querySelector('#key-form button').click()";
        tab.evaluate(give.formatted("wrong"));
        tab.await("document.getElementById('key-note').textContent.includes('does not take that key')");
        tab.evaluate(give.formatted(KEY));
        tab.await("document.getElementById('key-form').hidden");
        tab.await("document.getElementById('state').textContent === 'ready'");
        assertThat(tab.complaints()).isEmpty();
    }

    @Test
    void saysWhatIsLoaded() throws Exception {
        assertThat(tab.text("what")).startsWith("demo (llama");
        assertThat(tab.text("facts").replace("\n", " "))
                .contains("512 tokens for each of 4 slots")
                .contains("K q8_0, V f16")
                .containsPattern("bits a weight 1[56]\\.\\d\\d")
                .contains("llama.cpp 0.5.0");
        assertThat(tab.text("kv-text")).contains("of 2,048 tokens");
        assertThat(tab.text("memory-parts")).contains("weights 11.0 MiB").contains("K cache (q8_0) 1.6 MiB");
        assertThat(tab.complaints()).isEmpty();
    }

    @Test
    void continuesATextAsTheApiDoes() throws Exception {
        String asked = "{\"prompt\":\"Once upon a time\",\"max_tokens\":24,\"temperature\":0}";
        Map<String, Object> answer = JsonTree.object(post("/v1/completions", asked));
        assertThat(answer.get("choices")).isInstanceOf(List.class);
        Object expected =
                answer.get("choices") instanceof List<?> choices && choices.getFirst() instanceof Map<?, ?> choice
                        ? choice.get("text")
                        : null;
        assertThat(expected).isInstanceOf(String.class);
        ask("text", "Once upon a time", 24, 0);
        tab.await("document.getElementById('said').textContent.startsWith('Stopped at the limit: 24 tokens, ')");
        assertThat(tab.evaluate("document.querySelector('#talk p span:last-child').textContent"))
                .isEqualTo(expected);
        assertThat(tab.complaints()).isEmpty();
    }

    @Test
    void chatsOnWithWhatWasSaid() throws Exception {
        ask("chat", "<img src=x onerror=alert(1)> Tell me a story.", 8, 0);
        tab.await("document.getElementById('said').textContent.includes('tokens/s')");
        ask("chat", "Go on.", 8, 0);
        tab.await("document.querySelectorAll('#talk p').length === 4 && !document.getElementById('send').disabled");
        assertThat(tab.text("talk")).contains("<img src=x onerror=alert(1)> Tell me a story.");
        assertThat(tab.evaluate("document.querySelectorAll('#talk img').length"))
                .isEqualTo(0);
        tab.evaluate("document.getElementById('clear').click()");
        assertThat(tab.text("talk")).isEmpty();
        assertThat(tab.complaints()).isEmpty();
    }

    @Test
    void whatTheModelWritesIsTextAndNoMarkup() throws Exception {
        tab.evaluate("""
                { const real = window.fetch;
                  window.fetch = (path, options) => options.method !== 'POST' ? real(path, options) : Promise.resolve(new Response(
                      'data: ' + JSON.stringify({choices: [{text: '<script>alert(1)</script><b>'}]}) + '\\n\\n: ping\\n\\ndata: '
                      + JSON.stringify({choices: [{text: '</b>&amp;', finish_reason: 'stop'}]}) + '\\n\\ndata: [DONE]\\n\\n')); }
                """);
        ask("text", "a", 9, 0);
        tab.await("document.getElementById('said').textContent.startsWith('Done')");
        assertThat(tab.text("talk")).endsWith("<script>alert(1)</script><b></b>&amp;");
        assertThat(tab.evaluate("document.querySelectorAll('#talk script, #talk b').length"))
                .isEqualTo(0);
    }

    @Test
    void stopFreesTheSequence() throws Exception {
        String cancelled = "kvant_requests_total{model=\"demo\",outcome=\"cancelled\"}";
        double before = sample(cancelled);
        // As long a text as fits, and the click comes with its first piece.
        tab.evaluate("""
                { const real = window.fetch;
                  window.fetch = (path, options) => real(path, options.method !== 'POST' ? options
                      : {...options, body: JSON.stringify({...JSON.parse(options.body), ignore_eos: true})});
                  new MutationObserver(() => {
                    if (document.querySelector('#talk p:last-child span:last-child')?.textContent) {
                      document.getElementById('stop').click();
                    }
                  }).observe(document.getElementById('talk'), {childList: true, subtree: true, characterData: true}); }
                """);
        // A browser that gets no CPU for a second sees the text when the server is done with it, and there is nothing
        // left to stop.
        boolean stopped = false;
        for (int attempt = 0; !stopped && attempt < 30; attempt++) {
            tab.evaluate("document.getElementById('clear').click()");
            ask("text", "Once upon a time there was a little fox who", 480, 1);
            tab.await("/^(Stopped; first|Stopped at|Done)/.test(document.getElementById('said').textContent)");
            await().until(() -> sample("kvant_requests_running{model=\"demo\"}") == 0);
            stopped = tab.text("said").startsWith("Stopped; first token after") && sample(cancelled) > before;
        }
        assertThat(stopped).isTrue();
        tab.await("document.getElementById('running').textContent === '0'");
    }

    @Test
    void showsRefusalsInTheServersWords() throws Exception {
        ask("text", "word ".repeat(2000), 8, 0);
        tab.await("document.getElementById('said').className.includes('bad')");
        assertThat(tab.text("said")).contains("context");
    }

    @Test
    void itsQuantilesAreThoseOfTheHistograms() throws Exception {
        for (int i = 1; i < 6; i++) {
            post("/v1/completions", "{\"prompt\":\"Once\",\"ignore_eos\":true,\"max_tokens\":" + 5 * i + "}");
        }
        String metrics = metrics();
        tab.evaluate(
                "{const s = document.getElementById('span'); s.value = '0'; s.dispatchEvent(new Event('change'));}");
        Map<String, String> names = new LinkedHashMap<>();
        names.put("First token", "kvant_time_to_first_token_seconds");
        names.put("Between tokens", "kvant_time_between_tokens_seconds");
        names.put("Whole request", "kvant_request_end_to_end_seconds");
        StringBuilder counts = new StringBuilder();
        for (Map.Entry<String, String> name : names.entrySet()) {
            long count =
                    buckets(metrics, name.getValue()).lastEntry().getValue().longValue();
            counts.append(counts.isEmpty() ? "" : "\n")
                    .append(name.getKey())
                    .append(String.format(Locale.ROOT, "|%,d", count));
        }
        String cells =
                "[...document.querySelectorAll('#latencies tr')].map(r => [...r.children].map(c => c.textContent))";
        tab.await(cells + ".map(r => r[0] + '|' + r[4]).join('\\n') === " + BrowserTab.quoted(counts.toString()));
        String[] rows = String.valueOf(tab.evaluate(cells + ".map(r => r.join('|')).join('\\n')"))
                .split("\n");
        assertThat(rows).hasSize(names.size());
        for (String row : rows) {
            String[] cell = row.split("\\|");
            TreeMap<Double, Double> buckets = buckets(metrics, Objects.requireNonNull(names.get(cell[0])));
            assertShows(cell[1], quantile(buckets, 0.5));
            assertShows(cell[2], quantile(buckets, 0.9));
            assertShows(cell[3], quantile(buckets, 0.99));
        }
    }

    private static TreeMap<Double, Double> buckets(String metrics, String name) {
        TreeMap<Double, Double> buckets = new TreeMap<>();
        Matcher lines = Pattern.compile(name + "_bucket\\{model=\"demo\",le=\"([^\"]+)\"} (\\S+)")
                .matcher(metrics);
        while (lines.find()) {
            buckets.put(
                    lines.group(1).equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(lines.group(1)),
                    Double.parseDouble(lines.group(2)));
        }
        return buckets;
    }

    /** Prometheus' {@code histogram_quantile}, in other words than the page's. */
    private static double quantile(TreeMap<Double, Double> buckets, double q) {
        double rank = q * buckets.lastEntry().getValue();
        double from = 0;
        double below = 0;
        for (Map.Entry<Double, Double> bucket : buckets.entrySet()) {
            if (bucket.getValue() >= rank) {
                return from + (bucket.getKey() - from) * (rank - below) / (bucket.getValue() - below);
            }
            from = bucket.getKey();
            below = bucket.getValue();
        }
        throw new AssertionError("no bucket holds " + q + " of " + buckets);
    }

    /** The cell, such as "1.33 ms", is the value to three digits; half a digit may go either way (1.325). */
    private static void assertShows(String cell, double seconds) {
        String unit = seconds < 1 ? " ms" : " s";
        assertThat(cell).endsWith(unit);
        BigDecimal shown = new BigDecimal(cell.substring(0, cell.length() - unit.length()));
        double value = seconds < 1 ? seconds * 1e3 : seconds;
        assertThat(shown.scale()).isEqualTo(value < 10 ? 2 : value < 100 ? 1 : 0);
        assertThat(shown.doubleValue()).isCloseTo(value, within(shown.ulp().doubleValue() * 0.5001));
    }

    private static double sample(String series) throws Exception {
        return metrics()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(ints = {320, 390, 1280})
    void fitsTheScreen(int width) throws Exception {
        tab.call(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":%d,\"height\":800,\"deviceScaleFactor\":1,\"mobile\":%s}".formatted(width, width < 500));
        assertThat(((Number) Objects.requireNonNull(tab.evaluate("document.documentElement.scrollWidth"))).intValue())
                .isLessThanOrEqualTo(width);
    }

    /** WCAG 2.2, 1.4.3 and 1.4.11: 4.5 for text, 3 for pictures and the borders of fields. */
    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void standsOutFromItsBackground(String scheme) throws Exception {
        tab.call(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"" + scheme + "\"}]}");
        Object poor = tab.evaluate("""
                (() => {
                  const rgb = c => c.match(/[\\d.]+/g).map(Number);
                  const light = c => rgb(c).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
                  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
                  const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                      if ((rgb(c)[3] ?? 1) > 0) return c; } return 'rgb(255, 255, 255)'; };
                  const poor = [];
                  for (const e of document.body.querySelectorAll('*')) {
                    const style = getComputedStyle(e);
                    if (e.disabled || !e.checkVisibility({visibilityProperty: true})) continue;
                    const where = e.tagName + '#' + e.id + '.' + (e.className.baseVal ?? e.className);
                    if ([...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) {
                      const r = ratio(e instanceof SVGElement ? style.fill : style.color, back(e));
                      if (r < 4.5) poor.push(where + ' text ' + r);
                    }
                    if (e.matches('rect, path')) {
                      const r = ratio(e.matches('path') ? style.stroke : style.fill, back(e.closest('.card')));
                      if (r < 3) poor.push(where + ' picture ' + r);
                    }
                    if (e.matches('input, textarea, select, button')) {
                      const r = ratio(style.borderTopColor, back(e.closest('.card')));
                      if (r < 3) poor.push(where + ' border ' + r);
                    }
                  }
                  return poor.join('\\n');
                })()
                """);
        assertThat(poor).isEqualTo("");
    }

    @Test
    void everyFieldAndPictureHasAName() throws Exception {
        assertThat(
                        tab.evaluate(
                                "[...document.querySelectorAll('input, textarea, select')].filter(e => !e.labels.length).map(e => e.id).join()"))
                .isEqualTo("");
        assertThat(
                        tab.evaluate(
                                "[...document.querySelectorAll('svg')].filter(e => e.getAttribute('role') !== 'img' || !e.getAttribute('aria-label')).map(e => e.id).join()"))
                .isEqualTo("");
    }
}
