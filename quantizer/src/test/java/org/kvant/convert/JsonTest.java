package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class JsonTest {
    private static Json parse(String text) throws IOException {
        return Json.parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), 1000);
    }

    @Test
    void readsAndPrintsEveryKind() throws IOException {
        String text = "{\"b\": [1, -2.5, true, false, null, \"x\\ny\"], \"a\": {}}";
        assertThat(JsonText.of(parse(text))).isEqualTo(text);
    }

    @Test
    void numbersBeyondLongSaturateAndNonFiniteOnesAreRead() throws IOException {
        Json.Num big = (Json.Num) parse("1000000000000000019884624838656");
        assertThat(big.exact()).isEqualTo(Long.MAX_VALUE);
        assertThat(big.value()).isEqualTo(1e30);
        assertThat(((Json.Num) parse("-Infinity")).value()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(((Json.Num) parse("8.0")).integer()).isFalse();
    }

    @Test
    void nullFieldsCountAsAbsent() throws IOException {
        Json json = parse("{\"a\": null, \"b\": 1}");
        assertThat(json.get("a")).isEmpty();
        assertThat(json.get("b")).isPresent();
        assertThat(json.string("b")).isEmpty();
        assertThat(Json.Null.NULL.get("b")).isEmpty();
    }

    @Test
    void refusesDepthDuplicatesRestAndLongStrings() throws IOException {
        assertThat(parse("[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH)))
                .isInstanceOf(Json.Arr.class);
        for (String text : new String[] {
            "",
            "[".repeat(Json.MAX_DEPTH + 1),
            "{\"a\": 1, \"a\": 2}",
            "1 2",
            "{\"a\" 1}",
            "\"" + "x".repeat(2000) + "\""
        }) {
            assertThatThrownBy(() -> parse(text)).as(text).isInstanceOf(IOException.class);
        }
    }
}
