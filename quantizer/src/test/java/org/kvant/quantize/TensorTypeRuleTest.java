package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.MetaValue;

class TensorTypeRuleTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "attn_v ; blk.3.attn_v.weight ; true",
                "[aA]TTN_V|attn_v ; blk.3.attn_v.weight ; true",
                "attn_v$ ; blk.3.attn_v.weight ; false",
                "^blk\\.[0-2]\\. ; blk.2.ffn_up.weight ; true",
                "^blk\\.[0-2]\\. ; blk.3.ffn_up.weight ; false",
                "blk\\.(0|7)\\.ffn_(?:up|down) ; blk.7.ffn_down.weight ; true",
                "blk\\.(?!7)\\d+\\. ; blk.7.ffn_down.weight ; false",
                "blk\\.(?=7)\\d+\\. ; blk.7.ffn_down.weight ; true",
                "blk\\.[[:digit:]]{2}\\. ; blk.17.ffn_down.weight ; true",
                "blk\\.[^[:alpha:].]+\\. ; blk.17.ffn_down.weight ; true",
                "[a&&b]x ; a&x ; true",
                "[a&&b]x ; bx ; true",
                "[[]x ; [x ; true",
                "(a)\\1 ; aa ; true",
                "a+?b ; aab ; true",
                "\\w+\\.bias ; blk.0.attn_q.bias ; true",
            })
    void expressionsMeanWhatTheyMeanToStdRegex(String pattern, String name, boolean found) {
        assertThat(new TensorTypeRule(EcmaPattern.compile(pattern), GgmlType.Q8_0).fits(name))
                .isEqualTo(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(?i)attn",
                "(?<name>a)",
                "(?<=a)b",
                "a++",
                "a*+",
                "a?+",
                "\\q",
                "\\p{alpha}",
                "\\",
                "[a",
                "(a",
                "a)",
                "*a",
                "[[:word:]]",
                "[[.a.]]",
                "a{2",
                "\\z",
                "[]"
            })
    void whatStdRegexRefusesIsRefused(String pattern) {
        assertThatThrownBy(() -> EcmaPattern.compile(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + pattern + "' is not a regular expression");
    }

    @Test
    void patternsAreLowerCasedAndEndAtTheFirstEqualsSign() {
        assertThat(TensorTypeRule.parse("ATTN_V=Q8_0").fits("blk.3.attn_v.weight"))
                .isTrue();
        assertThat(TensorTypeRule.parse("\\D=q8_0").fits("abc")).isFalse(); // \d by then
        assertThatThrownBy(() -> TensorTypeRule.parse("a(?=b)=q8_0")).hasMessageContaining("no type 'b)=q8_0'");
    }

    @Test
    void malformedRulesAreRefusedWithAnExample() {
        for (String text : new String[] {"attn_v", "=q8_0", "attn_v=", ""}) {
            assertThatThrownBy(() -> TensorTypeRule.parse(text))
                    .hasMessageContaining("'" + text + "' is not PATTERN=TYPE")
                    .hasMessageContaining("attn_v=q8_0");
        }
        assertThatThrownBy(() -> TensorTypeRule.parse("attn_v=q9_k")).hasMessageContaining("no type 'q9_k'");
    }

    @Test
    void overridesAreStoredAsLlamaQuantizeStoresThem() {
        assertThat(KvOverride.parse("general.name=str:A: b=c").value()).isEqualTo(MetaValue.Str.of("A: b=c"));
        assertThat(KvOverride.parse("a.b=int:-7").value()).isEqualTo(new MetaValue.U32(7));
        assertThat(KvOverride.parse("a.b=float:0.5").value()).isEqualTo(new MetaValue.F32(0.5f));
        assertThat(KvOverride.parse("a.b=bool:true").value()).isEqualTo(new MetaValue.Bool(true));
        for (String text :
                new String[] {"a", "a=1", "=int:1", "a=long:1", "a=bool:yes", "a=int:x", "a=int:5000000000"}) {
            assertThatThrownBy(() -> KvOverride.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
