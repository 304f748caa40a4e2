package org.kvant.api.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.api.common.ApiException;
import org.kvant.chat.ChatTurn;

/** What {@code /v1/chat/completions} understands; what it refuses is in {@link RefusedRequestTest}. */
class ChatRequestTest {

    private static ChatRequest parse(String messages) throws ApiException {
        return ChatRequest.parse(("{\"model\":\"m\",\"messages\":" + messages + "}").getBytes(StandardCharsets.UTF_8));
    }

    private static List<ChatTurn> turns(String messages) throws ApiException {
        return parse(messages).conversation().messages();
    }

    @Test
    void readsEveryRole() throws ApiException {
        assertThat(turns("[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"developer\",\"content\":\"d\"},"
                        + "{\"role\":\"user\",\"content\":\"u\",\"name\":\"Ann\"},{\"role\":\"assistant\",\"content\":\"a\"},"
                        + "{\"role\":\"tool\",\"content\":\"t\",\"tool_call_id\":\"1\"}]"))
                .containsExactly(
                        new ChatTurn("system", "s"),
                        new ChatTurn("system", "d"),
                        new ChatTurn("user", "u"),
                        new ChatTurn("assistant", "a"),
                        new ChatTurn("tool", "t"));
    }

    @Test
    void joinsTextParts() throws ApiException {
        assertThat(turns("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                        + "{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"user\",\"content\":[]}]"))
                .containsExactly(new ChatTurn("user", "a\nb"), new ChatTurn("user", ""));
    }

    @Test
    void takesAnAssistantWithoutContent() throws ApiException {
        assertThat(turns("[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},"
                        + "{\"role\":\"assistant\",\"refusal\":null},{\"role\":\"user\",\"content\":\"\"}]"))
                .containsExactly(
                        new ChatTurn("assistant", ""), new ChatTurn("assistant", ""), new ChatTurn("user", ""));
    }

    @Test
    void continuesALastMessageOfTheAssistant() throws ApiException {
        assertThat(parse("[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"Once\"}]")
                        .conversation()
                        .input()
                        .continueLast())
                .isTrue();
        assertThat(parse("[{\"role\":\"user\",\"content\":\"u\"}]")
                        .conversation()
                        .input()
                        .continueLast())
                .isFalse();
    }
}
