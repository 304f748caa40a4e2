package org.kvant.convert;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tokens by id with their scores and types, being filled. Ids that nothing claims are {@code [PADn]}, unused. */
final class TokenTable {
    private final String[] texts;
    private final float[] scores;
    private final int[] types;

    TokenTable(int size, float padScore) {
        texts = new String[size];
        scores = new float[size];
        types = new int[size];
        for (int i = 0; i < size; i++) {
            texts[i] = "[PAD" + i + "]";
        }
        Arrays.fill(scores, padScore);
        Arrays.fill(types, TokenType.UNUSED);
    }

    int size() {
        return texts.length;
    }

    int type(int id) {
        return types[id];
    }

    void set(int id, String text, float score, int type) {
        texts[id] = text;
        scores[id] = score;
        types[id] = type;
    }

    List<String> texts() {
        return new ArrayList<>(Arrays.asList(texts));
    }

    float[] scores() {
        return scores;
    }

    int[] types() {
        return types;
    }

    /** llama.cpp ends the process when two tokens have the same text; so none may. */
    void requireDistinct(String file) throws ConvertException {
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < texts.length; i++) {
            Integer other = ids.putIfAbsent(texts[i], i);
            if (other != null) {
                throw new ConvertException(file + ": tokens " + other + " and " + i + " have the same text \""
                        + texts[i] + "\"; each token needs a text of its own");
            }
        }
    }
}
