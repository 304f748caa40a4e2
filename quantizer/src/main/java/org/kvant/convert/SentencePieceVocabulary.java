package org.kvant.convert;

import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** SentencePiece BPE from {@code tokenizer.model}: {@code tokenizer.ggml.model} "llama", with scores. */
final class SentencePieceVocabulary {
    private static final Logger LOG = LoggerFactory.getLogger(SentencePieceVocabulary.class);

    private static final float PAD_SCORE = -10000;
    private static final float ADDED_SCORE = -1000;

    private SentencePieceVocabulary() {}

    static Vocabulary read(CheckpointFiles files, byte[] data, int size) throws ConvertException {
        String file = files.dir().resolve("tokenizer.model").toString();
        SentencePieceModel model = SentencePieceModel.parse(file, data);
        if (model.kind() != SentencePieceModel.Kind.BPE) {
            throw new ConvertException(file + ": a SentencePiece model of type " + model.kind()
                    + "; llama.cpp's tokenizer for this family is BPE");
        }
        if (model.normalizes()) {
            LOG.warn(
                    "{}: normalizes text before it is split; llama.cpp does not do that, so some text gets other tokens",
                    file);
        }
        TokenTable table = new TokenTable(size, PAD_SCORE);
        for (int id = 0; id < Math.min(size, model.pieces().size()); id++) {
            SentencePieceModel.Piece piece = model.pieces().get(id);
            // The model's own user-defined pieces count as normal, as in the reference; the token files below say more.
            boolean kept = piece.type() != TokenType.USER_DEFINED;
            table.set(id, piece.text(), piece.score(), kept ? piece.type() : TokenType.NORMAL);
        }
        if (model.pieces().size() > size) {
            LOG.warn("{}: its pieces from {} on are beyond config.json's vocab_size and left out", file, size);
        }
        addTokens(files, table);
        table.requireDistinct(file);
        SpecialTokens special = SpecialTokens.read(files, Optional.of(table.size()));
        boolean says = files.json("tokenizer_config.json")
                .flatMap(t -> t.get("add_prefix_space"))
                .isPresent();
        return new Vocabulary(table.texts(), out -> {
            out.string("tokenizer.ggml.model", "llama");
            out.string("tokenizer.ggml.pre", "default");
            out.strings("tokenizer.ggml.tokens", table.texts());
            out.f32s("tokenizer.ggml.scores", table.scores());
            out.i32s("tokenizer.ggml.token_type", table.types());
            special.write(out);
            if (!model.dummyPrefix() && !says) {
                out.bool("tokenizer.ggml.add_space_prefix", false);
            }
        });
    }

    private static void addTokens(CheckpointFiles files, TokenTable table) throws ConvertException {
        Json added = files.json("added_tokens.json").orElse(Json.Null.NULL);
        if (added instanceof Json.Obj(var tokens)) {
            for (Map.Entry<String, Json> entry : tokens.entrySet()) {
                int id = id(files, "added_tokens.json", entry.getKey(), entry.getValue(), table.size());
                if (id >= 0) {
                    table.set(id, entry.getKey(), ADDED_SCORE, TokenType.USER_DEFINED);
                }
            }
        }
        Json config = files.json("tokenizer_config.json").orElse(Json.Null.NULL);
        for (Map.Entry<String, Json> entry :
                config.fields("added_tokens_decoder").entrySet()) {
            String token = HfTokenizer.content(entry.getValue());
            Json number = number(entry.getKey());
            int id = id(files, "tokenizer_config.json", entry.getKey(), number, table.size());
            if (token == null || id < 0) {
                continue;
            }
            boolean control =
                    entry.getValue().get("special").map(Json::isTrue).orElse(false) || TokenType.looksSpecial(token);
            table.set(
                    id,
                    control ? token : token.replace('▁', ' '),
                    ADDED_SCORE,
                    control ? TokenType.CONTROL : TokenType.USER_DEFINED);
        }
    }

    private static Json number(String text) {
        try {
            long value = Long.parseLong(text);
            return new Json.Num(value, value, true);
        } catch (NumberFormatException e) {
            return Json.Null.NULL;
        }
    }

    /** The id, or -1 for one beyond the vocabulary. */
    private static int id(CheckpointFiles files, String file, String token, Json value, int size)
            throws ConvertException {
        if (!(value instanceof Json.Num(var _, var exact, var integer)) || !integer || exact < 0) {
            throw new ConvertException(files.dir().resolve(file) + ": token \"" + token + "\" has no usable id");
        }
        if (exact >= size) {
            LOG.warn("{}: token {} is beyond config.json's vocab_size {} and left out", file, exact, size);
            return -1;
        }
        return (int) exact;
    }
}
