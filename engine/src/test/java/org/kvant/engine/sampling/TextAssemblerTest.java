package org.kvant.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextAssemblerTest {
    private static byte[] utf8(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(int... values) {
        byte[] b = new byte[values.length];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) values[i];
        }
        return b;
    }

    @ParameterizedTest
    @ValueSource(strings = {"é", "€", "😀", "a😀b", "👨‍👩‍👧", "नमस्ते"})
    void charactersArriveWholeFromSingleBytes(String text) {
        TextAssembler assembler = new TextAssembler(List.of());
        StringBuilder got = new StringBuilder();
        for (byte b : utf8(text)) {
            String piece = assembler.append(new byte[] {b});
            assertThat(piece).doesNotContain("\uFFFD");
            assertThat(piece.codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF))
                    .isTrue();
            got.append(piece);
        }
        assertThat(got).hasToString(text);
        assertThat(assembler.finish()).isEmpty();
    }

    @Test
    void nothingOfACharacterComesBeforeItsLastByte() {
        TextAssembler assembler = new TextAssembler(List.of());
        assertThat(assembler.append(bytes('x', 0xF0))).isEqualTo("x");
        assertThat(assembler.append(bytes(0x9F))).isEmpty();
        assertThat(assembler.append(bytes(0x98))).isEmpty();
        assertThat(assembler.append(bytes(0x80, 'y'))).isEqualTo("😀y");
    }

    @Test
    void unfinishedCharacterBecomesReplacementAtTheEnd() {
        TextAssembler assembler = new TextAssembler(List.of());
        assertThat(assembler.append(bytes('a', 0xE2, 0x82))).isEqualTo("a");
        assertThat(assembler.finish()).isEqualTo("\uFFFD");
    }

    @Test
    void invalidBytesBecomeReplacementsAtOnce() {
        TextAssembler assembler = new TextAssembler(List.of());
        assertThat(assembler.append(bytes(0x80, 0x80, 'a', 0xFF))).startsWith("\uFFFD\uFFFDa");
        assertThat(assembler.append(bytes('b')) + assembler.finish()).endsWith("b");
    }

    @Test
    void stopStringInsideOnePiece() {
        TextAssembler assembler = new TextAssembler(List.of("END"));
        assertThat(assembler.append(utf8("one END two"))).isEqualTo("one ");
        assertThat(assembler.matchedStop()).isEqualTo("END");
        assertThatThrownBy(() -> assembler.append(utf8("more"))).isInstanceOf(IllegalStateException.class);
        assertThat(assembler.finish()).isEmpty();
    }

    @Test
    void stopStringAcrossPiecesNeverShows() {
        TextAssembler assembler = new TextAssembler(List.of("</answer>"));
        assertThat(assembler.append(utf8("42<"))).isEqualTo("42");
        assertThat(assembler.append(utf8("/ans"))).isEmpty();
        assertThat(assembler.append(utf8("wer>!"))).isEmpty();
        assertThat(assembler.matchedStop()).isEqualTo("</answer>");
    }

    @Test
    void heldBackTextComesWhenItTurnsOutHarmless() {
        TextAssembler assembler = new TextAssembler(List.of("</answer>"));
        assertThat(assembler.append(utf8("a </an"))).isEqualTo("a ");
        assertThat(assembler.append(utf8("chor>"))).isEqualTo("</anchor>");
        assertThat(assembler.matchedStop()).isNull();
    }

    @Test
    void heldBackTextComesAtTheEnd() {
        TextAssembler assembler = new TextAssembler(List.of("\n\n"));
        assertThat(assembler.append(utf8("line\n"))).isEqualTo("line");
        assertThat(assembler.finish()).isEqualTo("\n");
    }

    @Test
    void firstOfSeveralStopsWins() {
        TextAssembler assembler = new TextAssembler(List.of("world", "lo w", "hello world"));
        assertThat(assembler.append(utf8("hello world"))).isEmpty();
        assertThat(assembler.matchedStop()).isEqualTo("hello world");
    }

    @Test
    void selfOverlappingStop() {
        TextAssembler assembler = new TextAssembler(List.of("aab"));
        assertThat(assembler.append(utf8("aa"))).isEmpty();
        assertThat(assembler.append(utf8("a"))).isEqualTo("a");
        assertThat(assembler.append(utf8("b"))).isEmpty();
        assertThat(assembler.matchedStop()).isEqualTo("aab");
    }

    @Test
    void stopOfManyBytesPerCharacter() {
        TextAssembler assembler = new TextAssembler(List.of("。終"));
        StringBuilder got = new StringBuilder();
        for (byte b : utf8("はい。終")) {
            got.append(assembler.append(new byte[] {b}));
        }
        assertThat(got).hasToString("はい");
        assertThat(assembler.matchedStop()).isEqualTo("。終");
    }

    /** However the bytes are cut into pieces, the text ends before the first stop string, and no piece has to be taken back. */
    @Test
    void anyCutEndsBeforeTheStop() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        String alphabet = "ab<>/\né€😀字";
        int[] codePoints = alphabet.codePoints().toArray();
        for (int round = 0; round < 3000; round++) {
            String text = randomText(random, codePoints, random.nextInt(30));
            List<String> stops = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                stops.add(randomText(random, codePoints, 1 + random.nextInt(4)));
            }
            TextAssembler assembler = new TextAssembler(stops);
            StringBuilder got = new StringBuilder();
            byte[] all = utf8(text);
            int at = 0;
            while (at < all.length && assembler.matchedStop() == null) {
                int end = Math.min(all.length, at + random.nextInt(6));
                got.append(assembler.append(Arrays.copyOfRange(all, at, end)));
                assertThat(text).as("seed %d, stops %s", seed, stops).startsWith(got.toString());
                at = end;
            }
            got.append(assembler.finish());
            assertThat(got.toString())
                    .as("seed %d, stops %s of %s", seed, stops, text)
                    .isEqualTo(upToStop(new String(all, 0, at, StandardCharsets.UTF_8), stops));
        }
    }

    /** Up to where the first stop string begins in what has come by now; as in llama-server, a piece is looked at as a whole. */
    private static String upToStop(String received, List<String> stops) {
        int cut = stops.stream()
                .mapToInt(received::indexOf)
                .filter(i -> i >= 0)
                .min()
                .orElse(received.length());
        return received.substring(0, cut);
    }

    private static String randomText(Random random, int[] codePoints, int length) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < length; i++) {
            s.appendCodePoint(codePoints[random.nextInt(codePoints.length)]);
        }
        return s.toString();
    }

    /** Random bytes, valid or not: the pieces together are what the decoder makes of all of them. */
    @Test
    void randomBytesDecodeAsAWhole() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        int[] leads = {'a', 0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, 0x82, 0x9F};
        for (int round = 0; round < 3000; round++) {
            byte[] all = new byte[random.nextInt(20)];
            for (int i = 0; i < all.length; i++) {
                all[i] = (byte) leads[random.nextInt(leads.length)];
            }
            TextAssembler assembler = new TextAssembler(List.of());
            StringBuilder got = new StringBuilder();
            for (int at = 0; at < all.length; ) {
                int end = Math.min(all.length, at + 1 + random.nextInt(3));
                got.append(assembler.append(Arrays.copyOfRange(all, at, end)));
                at = end;
            }
            got.append(assembler.finish());
            assertThat(got.toString())
                    .as("seed %d, bytes %s", seed, Arrays.toString(all))
                    .isEqualTo(new String(all, StandardCharsets.UTF_8));
        }
    }
}
