package org.kvant.benchmarks.peer;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Texts of a wanted length. The same seed gives the same text, different ones differ from their first words on. */
final class Prompts {
    /** 64 words, so that the prefill is a chat turn's and not a document's. */
    static final String CHAT = "The old lighthouse keeper walked down to the harbour every morning before the sun "
            + "came up, carried his lamp and his coffee, counted the boats that had come back during the night, and wrote "
            + "their names into a small blue book that nobody else had ever been allowed to read. One day in late "
            + "autumn, one of the boats was missing, and";

    private static final List<String> WORDS =
            List.of(("time year people way day man thing woman life child world school"
                            + " state family student group country problem hand part place case week company system program question work"
                            + " government number night point home water room mother area money story fact month lot right study book eye"
                            + " job word business issue side kind head house service friend father power hour game line end member law car"
                            + " city community name president team minute idea body information back parent face others level office door")
                    .split(" "));

    private Prompts() {}

    /** Common English nouns in no order: about 1.1 tokens a word. */
    static String words(long seed, int count) {
        Random random = new Random(seed);
        return random.ints(count, 0, WORDS.size()).mapToObj(WORDS::get).collect(Collectors.joining(" "));
    }
}
