package org.kvant.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrammarTest {
    /** All single bytes, then some words and pieces of characters; the last token ends a text. */
    private static final List<byte[]> TOKENS = tokens();

    private static final TokenTexts TEXTS =
            new TokenTexts(TOKENS.size(), TOKENS::get, token -> token == TOKENS.size() - 1);

    private static List<byte[]> tokens() {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        for (String word : new String[] {"ab", "abc", "\"a", "é", "日本", "12", "true", "tr", "}]", ", ", "x\"}"}) {
            tokens.add(word.getBytes(StandardCharsets.UTF_8));
        }
        tokens.add(new byte[] {(byte) 0xE6, (byte) 0x97});
        tokens.add(new byte[] {'a', (byte) 0xC3});
        tokens.add(new byte[0]);
        tokens.add("</s>".getBytes(StandardCharsets.UTF_8));
        return tokens;
    }

    private static Grammar parse(String text) throws GrammarException {
        return Grammar.parse(text, name -> name.equals("<think>") ? 7 : -1, TOKENS.size());
    }

    /** Whether a text is one of the grammar's, byte by byte. */
    private static boolean takes(Grammar grammar, String text) throws GrammarException {
        GrammarState state = new GrammarState(grammar, TEXTS);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (!state.allows(b & 0xFF)) {
                return false;
            }
            state.accept(b & 0xFF);
        }
        return state.mayEnd();
    }

    private static void check(String grammar, List<String> members, List<String> others) throws GrammarException {
        Grammar parsed = parse(grammar);
        for (String member : members) {
            assertThat(takes(parsed, member))
                    .as("%s takes '%s'", grammar, member)
                    .isTrue();
        }
        for (String other : others) {
            assertThat(takes(parsed, other)).as("%s takes '%s'", grammar, other).isFalse();
        }
    }

    @Test
    void everyConstructIsUnderstood() throws GrammarException {
        check("root ::= \"ab\" | \"c\"", List.of("ab", "c"), List.of("a", "abc", ""));
        check("root ::= [a-c]+", List.of("a", "cab"), List.of("d", "", "A"));
        check("root ::= [^a-c\\]]", List.of("d", "é", "日"), List.of("a", "c", "]", ""));
        check("root ::= \"x\"{2,3}", List.of("xx", "xxx"), List.of("x", "xxxx"));
        check("root ::= \"x\"{2}", List.of("xx"), List.of("x", "xxx"));
        check("root ::= \"x\"{2,}", List.of("xx", "xxxxx"), List.of("x", ""));
        check("root ::= \"x\"{0}", List.of(""), List.of("x"));
        check("root ::= (\"a\" \"b\"?){0,2} \"!\"", List.of("!", "a!", "aba!"), List.of("aaa!", "ab"));
        check("root ::= . \"é\"", List.of("xé", "日é"), List.of("é", "xx"));
        check("root ::= \"\\x41\\u00e9\\U0001F44B\\n\\\\\"", List.of("Aé👋\n\\"), List.of("Aé"));
        check("root ::= a-1 a-1 # comment\na-1 ::= [0-9]", List.of("12"), List.of("1", "123"));
        check("root ::= \"a\" root \"b\" | ", List.of("", "ab", "aabb"), List.of("aab", "ba"));
        check("root ::= (\"a\" |\n \"b\") \"c\"\n\n", List.of("ac", "bc"), List.of("a", "abc"));
        check("root ::= [a-] [\\-x]", List.of("--", "ax"), List.of("b-"));
        check("root ::= x*\nx ::= y y\ny ::= \"1\" | \"2\"", List.of("", "12", "1221"), List.of("1", "121"));
    }

    @Test
    void tokensCanBeNamed() throws GrammarException {
        GrammarState state = new GrammarState(parse("root ::= <think> !<[65]> \"b\""), TEXTS);
        assertThat(state.allowed().stream()).containsExactly(7);
        state.accept(7);
        assertThat(state.allows(65)).isFalse();
        assertThat(state.allows(66)).isTrue();
        state.accept(66);
        assertThat(state.allowed().stream()).containsExactly('b' & 0xFF);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "roo ::= \"a\" | 'root'",
                "root ::= a | 'a'",
                "root ::= \"a | ends",
                "root ::= [a | ends",
                "root ::= (\"a\" | ')'",
                "root ::= \"a\") | end of the line",
                "root = \"a\" | '::='",
                "root ::= * | repeat",
                "root ::= \"a\"{ | number",
                "root ::= \"a\"{3,2} | 3 to 2",
                "root ::= \"a\"{1,5000} | repeats too much",
                "root ::= ((\"a\"?){1000}){1000} | repeats too much",
                "root ::= \"\\q\" | escape",
                "root ::= \"\\xZZ\" | hexadecimal",
                "root ::= \"\\UFFFFFFFF\" | Unicode",
                "root ::= [] | empty",
                "root ::= <nope> | token",
                "root ::= <[100000]> | token",
                "root ::= <[99999999999]> | number",
                "root ::= root \"a\" | left-recursive",
                "root ::= x root\\nx ::= \"a\"? | left-recursive",
                "root ::= \"a\" x\\nx ::= y\\ny ::= x | left-recursive",
            })
    void mistakesAreTold(String grammar, String hint) {
        String text = grammar.replace("\\n", "\n");
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(hint);
    }

    @Test
    void placesAreTold() {
        assertThatThrownBy(() -> parse("root ::= \"a\"\nb ::= ]"))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("line 2, column 7");
    }

    static final String DOUBLING = rules(i -> "r" + i + " ::= r" + (i + 1) + " \"a\" | r" + (i + 1) + " \"b\"\n");
    static final String REPEATED = rules(i -> "r" + i + " ::= r" + (i + 1) + " | r" + (i + 1) + "\n");

    private static String rules(IntFunction<String> rule) {
        StringBuilder text = new StringBuilder("root ::= r0\n");
        for (int i = 0; i < 60; i++) {
            text.append(rule.apply(i));
        }
        return text.append("r60 ::= \"x\"\n").toString();
    }

    /** Each of these makes llama.cpp's own parser overflow its stack, fill the memory or never end. */
    @Test
    void whatWouldKillTheLibraryIsRefused() throws GrammarException {
        for (String text : List.of(
                "root ::= " + "(".repeat(100_000) + "\"a\"" + ")".repeat(100_000),
                "root ::= " + "(".repeat(65) + "\"a\"" + ")".repeat(65),
                "root ::= \"" + "a".repeat(Grammar.MAX_LENGTH) + "\"",
                "root ::= " + "\"a\"{2000} ".repeat(2000),
                DOUBLING)) {
            assertThatThrownBy(() -> parse(text)).isInstanceOf(GrammarException.class);
        }
        assertThat(takes(parse(REPEATED), "x")).isTrue();
        assertThat(takes(parse("root ::= " + "(".repeat(64) + "\"a\"" + ")".repeat(64)), "a"))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "root ::= [a-z]+ | \"\\\"\" [^\"]* \"\\\"\"",
                "root ::= (\"a\" | \"é\" | \"日\")* \"!\"",
                "root ::= .+",
                "root ::= \"{\" (\"\\\"\" [a-z]{1,3} \"\\\"\" \":\" (root | \"true\" | [0-9]+) (\", \" root)?)? \"}\"",
                "root ::= <[300]> | \"a\" !<[98]> \"tr\" [^t]"
            })
    void theSetOfAllowedTokensIsThatOfEachAlone(String text) throws GrammarException {
        long seed = Long.getLong("kvant.seed", new Random().nextLong());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int walk = 0; walk < 20; walk++) {
            Grammar grammar = Grammar.parse(text, name -> -1, 400);
            GrammarState state = new GrammarState(grammar, TEXTS);
            for (int step = 0; step < 20; step++) {
                BitSet expected = new BitSet();
                for (int token = 0; token < TOKENS.size(); token++) {
                    expected.set(token, state.allows(token));
                }
                assertThat(state.allowed()).isEqualTo(expected);
                int[] choices = expected.stream()
                        .filter(token -> token != TOKENS.size() - 1)
                        .toArray();
                if (choices.length == 0) {
                    break;
                }
                state.accept(choices[random.nextInt(choices.length)]);
            }
        }
    }
}
