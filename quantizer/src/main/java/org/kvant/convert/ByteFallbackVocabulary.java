package org.kvant.convert;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * SentencePiece BPE given as tokenizer.json with byte fallback, for want of {@code tokenizer.model}.
 *
 * <p>llama.cpp's tokenizer for these vocabularies merges the adjacent pair whose joined token has the highest score. The
 * scores are therefore the negated ranks of the merges, as in the model the file was made from. (llama.cpp's own
 * converter gives every token the same score here, and its tokens then differ from Hugging Face's.)
 */
final class ByteFallbackVocabulary {
    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-Fa-f]{2}>");
    private static final float ADDED_SCORE = -1000;

    private ByteFallbackVocabulary() {}

    static Vocabulary read(CheckpointFiles files, HfTokenizer tokenizer) throws ConvertException {
        checkSpaces(tokenizer);
        int base = tokenizer.vocabulary.size();
        TokenTable table = new TokenTable(tokenizer.highestId() + 1, ADDED_SCORE);
        Map<String, Integer> ranks = ranks(tokenizer);
        float unmerged = -ranks.size();
        for (Map.Entry<String, Integer> entry : tokenizer.vocabulary.entrySet()) {
            String text = entry.getKey();
            Integer rank = ranks.get(text);
            int type = BYTE.matcher(text).matches()
                    ? TokenType.BYTE
                    : tokenizer.special.contains(text) ? TokenType.CONTROL : TokenType.NORMAL;
            table.set(entry.getValue(), text, rank == null ? unmerged : -rank, type);
        }
        for (Map.Entry<Integer, HfTokenizer.Added> entry : tokenizer.added.entrySet()) {
            if (entry.getKey() >= base) {
                String text = entry.getValue().content();
                int type = tokenizer.special.contains(text) ? TokenType.CONTROL : TokenType.USER_DEFINED;
                table.set(entry.getKey(), text, ADDED_SCORE, type);
            }
        }
        table.requireDistinct(tokenizer.file);
        SpecialTokens special = SpecialTokens.read(files, Optional.of(table.size()));
        boolean prefix = prependsSpace(tokenizer)
                || tokenizer.config.get("add_prefix_space").isPresent();
        return new Vocabulary(table.texts(), out -> {
            out.string("tokenizer.ggml.model", "llama");
            out.string("tokenizer.ggml.pre", "default");
            out.strings("tokenizer.ggml.tokens", table.texts());
            out.f32s("tokenizer.ggml.scores", table.scores());
            out.i32s("tokenizer.ggml.token_type", table.types());
            special.write(out);
            if (!prefix) {
                out.bool("tokenizer.ggml.add_space_prefix", false);
            }
        });
    }

    /** Joined token to the rank of the first merge that makes it. */
    private static Map<String, Integer> ranks(HfTokenizer tokenizer) throws ConvertException {
        List<Json> merges = tokenizer.model.items("merges");
        Map<String, Integer> ranks = HashMap.newHashMap(merges.size());
        for (int rank = 0; rank < merges.size(); rank++) {
            String[] pair = ByteLevelVocabulary.pair(merges.get(rank));
            if (pair == null) {
                throw new ConvertException(
                        tokenizer.file + ": merge " + rank + " is no pair of tokens: " + JsonText.of(merges.get(rank)));
            }
            ranks.putIfAbsent(pair[0] + pair[1], rank);
        }
        if (ranks.isEmpty()) {
            throw new ConvertException(tokenizer.file + ": model.merges is missing or empty");
        }
        return ranks;
    }

    /** llama.cpp writes spaces as ▁ and merges across them; the definition must do the same. */
    private static void checkSpaces(HfTokenizer tokenizer) throws ConvertException {
        boolean replaces = steps(tokenizer).stream()
                .anyMatch(s -> s.string("type").orElse("").equals("Metaspace")
                        || s.string("type").orElse("").equals("Replace")
                                && s.string("content").orElse("").equals("▁"));
        if (!replaces) {
            throw new ConvertException(tokenizer.file + ": byte-fallback BPE that does not write spaces as ▁, which"
                    + " llama.cpp does not have; normalizer "
                    + tokenizer.json.get("normalizer").map(JsonText::of).orElse("null") + ", pre_tokenizer "
                    + tokenizer.json.get("pre_tokenizer").map(JsonText::of).orElse("null"));
        }
    }

    private static boolean prependsSpace(HfTokenizer tokenizer) {
        return steps(tokenizer).stream().anyMatch(s -> switch (s.string("type").orElse("")) {
            case "Prepend" -> true;
            case "Metaspace" ->
                !s.string("prepend_scheme")
                        .orElse(s.get("add_prefix_space").map(Json::isTrue).orElse(true) ? "always" : "never")
                        .equals("never");
            default -> false;
        });
    }

    /** The normalizer's and the pre-tokenizer's steps. */
    private static List<Json> steps(HfTokenizer tokenizer) {
        List<Json> steps = new ArrayList<>(tokenizer.steps("normalizer", "normalizers"));
        steps.addAll(tokenizer.steps("pre_tokenizer", "pretokenizers"));
        return steps;
    }
}
