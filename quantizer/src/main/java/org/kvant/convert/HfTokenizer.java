package org.kvant.convert;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * tokenizer.json together with what the other tokenizer files add to it, as the transformers library loads a fast
 * tokenizer: the model's vocabulary, the added tokens, and which tokens are named special.
 */
final class HfTokenizer {
    /** A token matched as a whole before the text is split. */
    record Added(String content, boolean special, boolean normalized) {}

    private static final List<String> ROLES = List.of("bos", "eos", "unk", "sep", "pad", "cls", "mask");

    final String file;
    final Json json;
    final Json model;
    final Json config;
    /** Text to id, without the added tokens that are not in it. */
    final Map<String, Integer> vocabulary;
    /** By id. */
    final Map<Integer, Added> added = new TreeMap<>();
    /** Texts of the tokens that have a role, such as end of sequence, or are listed as additional special tokens. */
    final Set<String> special;

    private HfTokenizer(String file, Json json, Json config, Json specialTokensMap) throws ConvertException {
        this.file = file;
        this.json = json;
        this.config = config;
        model = json.get("model").orElseThrow(() -> new ConvertException(file + ": has no model"));
        vocabulary = vocabulary(file, model);
        special = special(config, specialTokensMap);
        addTokens();
    }

    static HfTokenizer read(CheckpointFiles files) throws ConvertException {
        Json json = files.requiredJson(
                "tokenizer.json",
                files.has("tekken.json")
                        ? "tekken.json alone is not read: take a copy of the checkpoint that has tokenizer.json"
                        : "load the tokenizer with transformers and save_pretrained it, or copy tokenizer.json or"
                                + " tokenizer.model from the original");
        Json empty = new Json.Obj(Map.of());
        return new HfTokenizer(
                files.dir().resolve("tokenizer.json").toString(),
                json,
                files.json("tokenizer_config.json").orElse(empty),
                files.json("special_tokens_map.json").orElse(empty));
    }

    String type() {
        return model.string("type").orElse("BPE");
    }

    boolean flag(String name) {
        return model.get(name).map(Json::isTrue).orElse(false);
    }

    /** The steps of a normalizer or pre-tokenizer: those of a sequence, or the one that there is. */
    List<Json> steps(String kind, String sequence) {
        return json.get(kind)
                .map(step -> step.get(sequence).isPresent() ? step.items(sequence) : List.of(step))
                .orElse(List.of());
    }

    private static Map<String, Integer> vocabulary(String file, Json model) throws ConvertException {
        Map<String, Json> fields = model.fields("vocab");
        if (fields.isEmpty()) {
            throw new ConvertException(file + ": model.vocab is missing, empty or no object; the tokenizer is of type "
                    + model.string("type").orElse("unknown") + ", byte-level BPE and SentencePiece BPE are converted");
        }
        Map<String, Integer> vocabulary = LinkedHashMap.newLinkedHashMap(fields.size());
        for (Map.Entry<String, Json> entry : fields.entrySet()) {
            vocabulary.put(entry.getKey(), id(file, entry.getKey(), entry.getValue()));
        }
        return vocabulary;
    }

    private static int id(String file, String token, @Nullable Json value) throws ConvertException {
        if (value instanceof Json.Num(var _, var exact, var integer)
                && integer
                && exact >= 0
                && exact < ModelFamily.MAX_VOCABULARY) {
            return (int) exact;
        }
        throw new ConvertException(file + ": token \"" + token + "\" has no usable id");
    }

    private static Set<String> special(Json config, Json specialTokensMap) {
        Set<String> special = new LinkedHashSet<>();
        String tokenizerClass = config.string("tokenizer_class").orElse("");
        boolean llama = tokenizerClass.startsWith("LlamaTokenizer");
        boolean gemma = tokenizerClass.startsWith("GemmaTokenizer");
        for (String role : ROLES) {
            String token = content(config.get(role + "_token").orElse(null));
            if (token == null && config.get("added_tokens_decoder").isEmpty()) {
                token = content(specialTokensMap.get(role + "_token").orElse(null));
            }
            if (token == null && (llama || gemma)) {
                token = switch (role) {
                    case "bos" -> llama ? "<s>" : "<bos>";
                    case "eos" -> llama ? "</s>" : "<eos>";
                    case "unk" -> "<unk>";
                    case "pad" -> gemma ? "<pad>" : null;
                    default -> null;
                };
            }
            if (token != null) {
                special.add(token);
            }
        }
        for (Json token : config.items("additional_special_tokens")) {
            String text = content(token);
            if (text != null) {
                special.add(text);
            }
        }
        return special;
    }

    /** A token given as a string or as an object with the string in it. */
    static @Nullable String content(@Nullable Json token) {
        return token == null
                ? null
                : token.asString() != null
                        ? token.asString()
                        : token.string("content").orElse(null);
    }

    private void addTokens() throws ConvertException {
        Set<String> texts = new LinkedHashSet<>();
        for (Json token : json.items("added_tokens")) {
            String text = content(token);
            if (text == null) {
                throw new ConvertException(file + ": an entry of added_tokens has no content");
            }
            add(id(file, text, token.get("id").orElse(null)), text, token);
            texts.add(text);
        }
        for (Map.Entry<String, Json> entry :
                config.fields("added_tokens_decoder").entrySet()) {
            String text = content(entry.getValue());
            if (text != null && texts.add(text)) {
                add(vocabulary.getOrDefault(text, next()), text, entry.getValue());
            }
        }
        for (String text : special) {
            if (texts.add(text)) {
                added.put(vocabulary.getOrDefault(text, next()), new Added(text, true, false));
            }
        }
    }

    private void add(int id, String text, Json token) throws ConvertException {
        boolean special = token.get("special").map(Json::isTrue).orElse(false);
        boolean normalized = token.get("normalized").map(Json::isTrue).orElse(!special);
        Added other = added.putIfAbsent(id, new Added(text, special, normalized));
        if (other != null) {
            throw new ConvertException(
                    file + ": added tokens \"" + other.content() + "\" and \"" + text + "\" have the same id " + id);
        }
    }

    /** The id that the library gives to a token that has none yet. */
    private int next() {
        return Math.max(max(vocabulary.values()), max(added.keySet())) + 1;
    }

    /** The highest id in use. */
    int highestId() {
        return next() - 1;
    }

    private static int max(Collection<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).max().orElse(-1);
    }
}
