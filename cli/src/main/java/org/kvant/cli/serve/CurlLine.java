package org.kvant.cli.serve;

/** A command that shows the server working, to be pasted into a shell as it is. */
final class CurlLine {
    private CurlLine() {}

    /** Where a client on this machine reaches a server that listens on {@code host}. */
    static String url(String host, int port) {
        String reached = switch (host) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::", "0:0:0:0:0:0:0:0" -> "::1";
            default -> host;
        };
        return "http://" + (reached.contains(":") ? "[" + reached + "]" : reached) + ":" + port;
    }

    /**
     * @param key whether the server wants one; the line takes it from the environment, so that it isn't printed
     * @param chat whether the model's chat template is known
     */
    static String of(String url, String model, boolean key, boolean chat) {
        String body = chat
                ? "{\"model\":\"" + json(model)
                        + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Tell me a story about a cat.\"}],\"max_tokens\":64}"
                : "{\"model\":\"" + json(model) + "\",\"prompt\":\"Once upon a time\",\"max_tokens\":64}";
        return "curl " + url + (chat ? "/v1/chat/completions" : "/v1/completions")
                + " -H 'Content-Type: application/json'"
                + (key ? " -H \"Authorization: Bearer $KVANT_API_KEY\"" : "")
                + " -d " + quote(body);
    }

    private static String json(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < ' ') {
                escaped.append(String.format("\\u%04x", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }

    /** One word to a POSIX shell. */
    private static String quote(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
