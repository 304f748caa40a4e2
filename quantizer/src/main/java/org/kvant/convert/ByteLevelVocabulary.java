package org.kvant.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kvant.llama.Vocab;

/** Byte-level BPE (GPT-2's kind): {@code tokenizer.ggml.model} "gpt2", with merges and a named pre-tokenizer. */
final class ByteLevelVocabulary {
    private ByteLevelVocabulary() {}

    /** @param pre the pre-tokenizer's name as the user gave it, else it is recognised */
    static Vocabulary read(CheckpointFiles files, HfTokenizer tokenizer, int size, Optional<String> pre)
            throws ConvertException {
        check(tokenizer);
        boolean nfc = normalizesToNfc(tokenizer);
        String name = pre.isPresent() ? PreTokenizer.checked(pre.get()) : PreTokenizer.recognise(tokenizer);
        if (tokenizer.highestId() >= size) {
            throw new ConvertException(tokenizer.file + ": has a token with id " + tokenizer.highestId()
                    + ", but config.json's vocab_size is " + size);
        }
        TokenTable table = new TokenTable(size, 0);
        for (Map.Entry<String, Integer> entry : tokenizer.vocabulary.entrySet()) {
            table.set(entry.getValue(), entry.getKey(), 0, TokenType.NORMAL);
        }
        for (Map.Entry<Integer, HfTokenizer.Added> entry : tokenizer.added.entrySet()) {
            HfTokenizer.Added token = entry.getValue();
            boolean control = token.special() || TokenType.looksSpecial(token.content());
            table.set(
                    entry.getKey(),
                    // llama.cpp matches these tokens against plain text.
                    control ? token.content() : token.content().replace('▁', ' '),
                    0,
                    control ? TokenType.CONTROL : TokenType.USER_DEFINED);
        }
        table.requireDistinct(tokenizer.file);
        List<String> merges = merges(tokenizer);
        SpecialTokens special = SpecialTokens.read(files, Optional.empty());
        boolean silentBos = PreTokenizer.addsBosByDefault(name)
                && !special.saysWhetherToAddBos()
                && !tokenizer.config.string("tokenizer_class").orElse("").startsWith("LlamaTokenizer");
        return new Vocabulary(table.texts(), out -> {
            out.string("tokenizer.ggml.model", "gpt2");
            out.string("tokenizer.ggml.pre", name);
            out.strings("tokenizer.ggml.tokens", table.texts());
            out.i32s("tokenizer.ggml.token_type", table.types());
            out.strings("tokenizer.ggml.merges", merges);
            special.write(out);
            if (silentBos) {
                out.bool("tokenizer.ggml.add_bos_token", false);
            }
            if (nfc) {
                out.bool(Vocab.NFC_KEY, true);
            }
        });
    }

    private static void check(HfTokenizer tokenizer) throws ConvertException {
        for (String unused : List.of("unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
            String value = tokenizer.model.string(unused).orElse("");
            boolean unknownByName = unused.equals("unk_token") && tokenizer.vocabulary.containsKey(value);
            if (!value.isEmpty() && !unknownByName) {
                throw new ConvertException(tokenizer.file + ": model." + unused + " is \"" + value
                        + "\", which llama.cpp's byte-level BPE does not have");
            }
        }
    }

    private static boolean normalizesToNfc(HfTokenizer tokenizer) throws ConvertException {
        boolean nfc = false;
        for (Json step : tokenizer.steps("normalizer", "normalizers")) {
            if (!step.string("type").orElse("").equals("NFC")) {
                throw new ConvertException(
                        tokenizer.file + ": its normalizer is none that llama.cpp has: " + JsonText.of(step));
            }
            nfc = true;
        }
        return nfc;
    }

    /** Pairs "a b" in order of rank; older files have them in this form, newer ones as arrays. */
    static List<String> merges(HfTokenizer tokenizer) throws ConvertException {
        List<Json> items = tokenizer.model.items("merges");
        if (items.isEmpty()) {
            throw new ConvertException(tokenizer.file + ": model.merges is missing or empty");
        }
        List<String> merges = new ArrayList<>(items.size());
        for (Json item : items) {
            String[] pair = pair(item);
            if (pair == null) {
                throw new ConvertException(
                        tokenizer.file + ": merge " + merges.size() + " is no pair of tokens: " + JsonText.of(item));
            }
            // A space inside a part would read as the separator; the byte alphabet's letter for it is Ġ.
            merges.add(pair[0].replace(' ', 'Ġ') + " " + pair[1].replace(' ', 'Ġ'));
        }
        return merges;
    }

    /** The two parts of a merge, or null. */
    static String @org.jspecify.annotations.Nullable [] pair(Json item) {
        if (item instanceof Json.Str(var text)) {
            int space = text.indexOf(' ', 1);
            return space < 0 ? null : new String[] {text.substring(0, space), text.substring(space + 1)};
        }
        if (item instanceof Json.Arr(var parts)
                && parts.size() == 2
                && parts.get(0) instanceof Json.Str(var first)
                && parts.get(1) instanceof Json.Str(var second)) {
            return new String[] {first, second};
        }
        return null;
    }
}
