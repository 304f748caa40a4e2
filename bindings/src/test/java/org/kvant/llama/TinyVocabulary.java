package org.kvant.llama;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kvant.gguf.Metadata;

/** Small vocabularies of the two kinds that models have: every text can be encoded, few words are one token. */
final class TinyVocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;

    private static final List<String> MERGES =
            List.of("t h", "th e", "Ġ the", "i n", "a n", "an d", "Ġ and", "o n", "e r", "r e", "Ġ a", "s t", "l l");
    private static final List<String> BPE_SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>");
    private static final List<String> PIECES = List.of("▁", "▁the", "▁and", "▁a", "th", "he", "in", "er", "an", "re");

    static final int BPE_SIZE = 256 + MERGES.size() + BPE_SPECIAL.size();
    static final int SENTENCE_PIECE_SIZE = 3 + 256 + PIECES.size() + 26 + 1;

    private TinyVocabulary() {}

    static void bpe(Metadata.Builder metadata) {
        List<String> tokens = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(Character.toString(byteCharacter(b)));
            types.add(NORMAL);
        }
        for (String merge : MERGES) {
            tokens.add(merge.replace(" ", ""));
            types.add(NORMAL);
        }
        for (String special : BPE_SPECIAL) {
            tokens.add(special);
            types.add(CONTROL);
        }
        metadata.putString("tokenizer.ggml.model", "gpt2");
        metadata.putString("tokenizer.ggml.pre", "gpt-2");
        metadata.putStrings("tokenizer.ggml.tokens", tokens);
        metadata.putI32s("tokenizer.ggml.token_type", ints(types));
        metadata.putStrings("tokenizer.ggml.merges", MERGES);
        metadata.putU32("tokenizer.ggml.bos_token_id", tokens.indexOf("<|endoftext|>"));
        metadata.putU32("tokenizer.ggml.eos_token_id", tokens.indexOf("<|im_end|>"));
        metadata.putU32("tokenizer.ggml.padding_token_id", tokens.indexOf("<|pad|>"));
        metadata.putBool("tokenizer.ggml.add_bos_token", false);
        metadata.putString("tokenizer.chat_template", TinyModel.CHAT_TEMPLATE);
    }

    static void sentencePiece(Metadata.Builder metadata) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> types = new ArrayList<>(List.of(UNKNOWN, CONTROL, CONTROL));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
            types.add(BYTE);
        }
        List<String> normal = new ArrayList<>(PIECES);
        for (char c = 'a'; c <= 'z'; c++) {
            normal.add(String.valueOf(c));
        }
        tokens.addAll(normal);
        normal.forEach(n -> types.add(NORMAL));
        tokens.add("<end_of_turn>");
        types.add(CONTROL);
        float[] scores = new float[tokens.size()];
        for (int i = 259; i < scores.length; i++) {
            scores[i] = -i;
        }
        metadata.putString("tokenizer.ggml.model", "llama");
        metadata.putString("tokenizer.ggml.pre", "default");
        metadata.putStrings("tokenizer.ggml.tokens", tokens);
        metadata.putF32s("tokenizer.ggml.scores", scores);
        metadata.putI32s("tokenizer.ggml.token_type", ints(types));
        metadata.putU32("tokenizer.ggml.unknown_token_id", 0);
        metadata.putU32("tokenizer.ggml.bos_token_id", 1);
        metadata.putU32("tokenizer.ggml.eos_token_id", 2);
        metadata.putBool("tokenizer.ggml.add_bos_token", true);
        metadata.putBool("tokenizer.ggml.add_space_prefix", false);
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The character that stands for a byte in byte-level BPE ({@code bytes_to_unicode} of GPT-2). */
    static int byteCharacter(int b) {
        if ((b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF)) {
            return b;
        }
        int[] printable = new int[256];
        Arrays.setAll(printable, i -> (i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE ? 1 : 0);
        int before = 0;
        for (int i = 0; i < b; i++) {
            before += 1 - printable[i];
        }
        return 256 + before;
    }
}
