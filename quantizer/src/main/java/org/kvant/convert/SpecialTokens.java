package org.kvant.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tokens with a role and whether they are put around a text, found as the reference's {@code SpecialVocab} does: first
 * tokenizer.json's post-processor and tokenizer_config.json, then config.json for what is still open.
 */
final class SpecialTokens {
    private static final Map<String, String> ID_KEYS = Map.of(
            "bos", "tokenizer.ggml.bos_token_id",
            "eos", "tokenizer.ggml.eos_token_id",
            "unk", "tokenizer.ggml.unknown_token_id",
            // Spelt as llama.cpp spells it.
            "sep", "tokenizer.ggml.seperator_token_id",
            "pad", "tokenizer.ggml.padding_token_id",
            "mask", "tokenizer.ggml.mask_token_id",
            "eot", "tokenizer.ggml.eot_token_id",
            "eom", "tokenizer.ggml.eom_token_id");

    private static final Map<String, String> ADD_KEYS = Map.of(
            "bos", "tokenizer.ggml.add_bos_token",
            "eos", "tokenizer.ggml.add_eos_token",
            "sep", "tokenizer.ggml.add_sep_token");

    private final List<String> roles = new ArrayList<>(List.of("bos", "eos", "unk", "sep", "pad", "cls", "mask"));
    private final Map<String, Long> ids = new LinkedHashMap<>();
    private final Map<String, Boolean> add = new LinkedHashMap<>();
    private final @Nullable Integer limit;
    private final ChatTemplates templates;

    private SpecialTokens(CheckpointFiles files, Optional<Integer> limit) throws ConvertException {
        this.limit = limit.orElse(null);
        Json tokenizer = files.json("tokenizer.json").orElse(Json.Null.NULL);
        Map<String, Json> config = new LinkedHashMap<>(files.json("tokenizer_config.json")
                .map(c -> ((Json.Obj) c).fields())
                .orElse(Map.of()));
        if (tokenizer instanceof Json.Obj) {
            readPostProcessor(tokenizer, config);
        }
        if (!config.isEmpty()) {
            readTokenizerConfig(tokenizer.items("added_tokens"), config);
        }
        readConfig(files.json("config.json").orElse(Json.Null.NULL));
        templates = ChatTemplates.read(files);
    }

    /** @param limit ids from here on are ignored */
    static SpecialTokens read(CheckpointFiles files, Optional<Integer> limit) throws ConvertException {
        return new SpecialTokens(files, limit);
    }

    boolean saysWhetherToAddBos() {
        return add.containsKey("bos");
    }

    void write(MetadataFields out) throws ConvertException {
        for (Map.Entry<String, Long> entry : ids.entrySet()) {
            String key = ID_KEYS.get(entry.getKey());
            if (key != null) {
                out.u32(key, entry.getValue());
            }
        }
        for (Map.Entry<String, Boolean> entry : add.entrySet()) {
            String key = ADD_KEYS.get(entry.getKey());
            if (key != null) {
                out.bool(key, entry.getValue());
            }
        }
        templates.write(out);
    }

    /** What a template such as {@code <s> $A </s>} puts around the text. */
    private void readPostProcessor(Json tokenizer, Map<String, Json> config) {
        if (!truthy(config.get("bos_token")) && truthy(config.get("cls_token"))) {
            set(config, "bos_token", config.get("cls_token"));
        }
        if (!truthy(config.get("eos_token")) && truthy(config.get("sep_token"))) {
            set(config, "eos_token", config.get("sep_token"));
        }
        Json processor = tokenizer.get("post_processor").orElse(Json.Null.NULL);
        List<Json> steps = processor.get("processors").isPresent() ? processor.items("processors") : List.of(processor);
        for (Json step : steps) {
            if (step.string("type").orElse("").equals("TemplateProcessing")) {
                readTemplate(step, config);
            }
        }
    }

    private void readTemplate(Json step, Map<String, Json> config) {
        boolean configured = !config.isEmpty();
        Json bos = config.get("bos_token");
        Json cls = config.get("cls_token");
        Json eos = config.get("eos_token");
        List<Json> single = step.items("single");
        Json first = null;
        Json last = null;
        if (single.size() > 1) {
            first = special(single.getFirst());
            if (first != null) {
                if (!configured) {
                    bos = first;
                } else if (!first.equals(bos) && !first.equals(cls)) {
                    if (!truthy(bos)) {
                        bos = first;
                        set(config, "bos_token", first);
                    }
                    if (!truthy(cls)) {
                        cls = first;
                        set(config, "cls_token", first);
                    }
                }
                add.put("bos", first.equals(bos) || first.equals(cls));
            }
            last = special(single.getLast());
            if (last != null) {
                if (configured && !last.equals(eos)) {
                    // The end of a text and the end of a turn differ: keep both.
                    String turn = roles.contains("eot") ? "eom" : "eot";
                    if (!roles.contains(turn)) {
                        roles.add(turn);
                        set(config, turn + "_token", eos);
                    }
                    set(config, "eos_token", last);
                }
                eos = last;
                add.put("eos", true);
            }
        }
        readPair(step.items("pair"), first, last, eos, config);
    }

    private void readPair(
            List<Json> pair, @Nullable Json first, @Nullable Json last, @Nullable Json eos, Map<String, Json> config) {
        if (pair.isEmpty()) {
            return;
        }
        int from = first != null && first.equals(special(pair.getFirst())) ? 1 : 0;
        int to = pair.size() - (last != null && last.equals(special(pair.getLast())) ? 1 : 0);
        if (to - from < 3 || !sequence(pair.get(from), "A") || !sequence(pair.get(to - 1), "B")) {
            return;
        }
        List<Json> between = pair.subList(from + 1, to - 1);
        Json sep = config.get("sep_token");
        Json one = special(between.getFirst());
        boolean separates = one != null && (one.equals(sep) || one.equals(eos)) && last == null;
        if (between.size() == 2) {
            Json two = special(between.get(1));
            separates |= two != null && (two.equals(sep) || two.equals(eos));
        }
        add.put("sep", separates);
        if (separates && !truthy(sep) && !config.isEmpty()) {
            set(config, "sep_token", eos);
        }
    }

    private void readTokenizerConfig(List<Json> addedTokens, Map<String, Json> config) {
        for (String role : roles) {
            if (config.get("add_" + role + "_token") instanceof Json.Bool(var value)) {
                add.put(role, value);
            }
            String text = HfTokenizer.content(config.get(role + "_token"));
            if (text != null) {
                addedTokens.stream()
                        .filter(t -> t.string("content").orElse("").equals(text))
                        .findFirst()
                        .flatMap(t -> t.get("id"))
                        .ifPresent(id -> setId(role, id));
            }
        }
    }

    private void readConfig(Json config) {
        for (String role : roles) {
            String key = role + "_token_id";
            config.get(key)
                    .or(() -> config.get("text_config").flatMap(t -> t.get(key)))
                    .ifPresent(id -> setId(role, id));
        }
    }

    /** Lists, as for several ends of sequence, name none: the file's other sources or llama.cpp's own list decide. */
    private void setId(String role, Json id) {
        if (id instanceof Json.Num(var _, var exact, var integer)
                && integer
                && exact >= 0
                && (limit == null || exact < limit)) {
            ids.putIfAbsent(role, exact);
        }
    }

    private static void set(Map<String, Json> config, String key, @Nullable Json value) {
        if (value != null && !config.isEmpty()) {
            config.put(key, value);
        }
    }

    private static boolean truthy(@Nullable Json value) {
        return switch (value) {
            case null -> false;
            case Json.Str(var text) -> !text.isEmpty();
            case Json.Obj(var fields) -> !fields.isEmpty();
            case Json.Arr(var items) -> !items.isEmpty();
            case Json.Bool(var flag) -> flag;
            case Json.Num(var number, var _, var _) -> number != 0;
            case Json.Null _ -> false;
        };
    }

    /** The text of a special token in a template, or null. */
    private static @Nullable Json special(Json item) {
        return item.get("SpecialToken")
                .flatMap(s -> s.get("id"))
                .filter(SpecialTokens::truthy)
                .orElse(null);
    }

    private static boolean sequence(Json item, String name) {
        return item.get("Sequence").flatMap(s -> s.string("id")).orElse("").equals(name);
    }
}
