package org.kvant.api.llamacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Prompt;

class TokenizeRequestTest {

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void hasLlamaServersDefaults() throws ApiException {
        assertThat(TokenizeRequest.parse(utf8("{\"content\":\"a\"}")))
                .isEqualTo(new TokenizeRequest(null, List.of(new Prompt.Text("a")), false, true, false));
        assertThat(TokenizeRequest.parse(
                        utf8("{\"content\":\"a\",\"add_special\":true,\"parse_special\":false,\"with_pieces\":true}")))
                .isEqualTo(new TokenizeRequest(null, List.of(new Prompt.Text("a")), true, false, true));
    }

    @Test
    void takesTextsAndTokensMixed() throws ApiException {
        List<Prompt> content =
                TokenizeRequest.parse(utf8("{\"content\":[\"a\",7,\"b\"]}")).content();
        assertThat(content.get(0)).isEqualTo(new Prompt.Text("a"));
        assertThat(((Prompt.Tokens) content.get(1)).ids()).containsExactly(7);
        assertThat(content.get(2)).isEqualTo(new Prompt.Text("b"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"content\":5}",
                "{\"content\":[true]}",
                "{\"content\":[\"a\",-1]}",
                "{\"content\":\"a\",\"add_special\":1}"
            })
    void refusesOtherContent(String body) {
        assertThatThrownBy(() -> TokenizeRequest.parse(utf8(body))).isInstanceOf(ApiException.class);
    }

    @Test
    void sendsBytesWhereAPieceIsNoText() throws ApiException {
        TokenizeRequest request = TokenizeRequest.parse(utf8("{\"content\":\"a\",\"with_pieces\":true}"));
        byte[][] pieces = {utf8(" é"), {(byte) 0xC3}};
        assertThat(new String(request.answer(new int[] {0, 1}, id -> pieces[id]), StandardCharsets.UTF_8))
                .isEqualTo("{\"tokens\":[{\"id\":0,\"piece\":\" é\"},{\"id\":1,\"piece\":[195]}]}");
    }

    @Test
    void readsTokensToDetokenize() throws ApiException {
        assertThat(DetokenizeRequest.parse(utf8("{\"tokens\":[1,2]}")).tokens()).containsExactly(1, 2);
        assertThat(DetokenizeRequest.parse(utf8("{\"tokens\":[]}")).tokens()).isEmpty();
        assertThatThrownBy(() -> DetokenizeRequest.parse(utf8("{\"tokens\":[1,\"a\"]}")))
                .hasMessageContaining("tokens[1]");
    }
}
