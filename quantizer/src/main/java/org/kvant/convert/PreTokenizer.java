package org.kvant.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names llama.cpp's pre-tokenizer for byte-level BPE by what the pre-tokenizer in tokenizer.json does: its steps are
 * written as the list of regular expressions that split the text one after the other, and compared with the lists that
 * llama-vocab.cpp runs for each {@code tokenizer.ggml.pre}.
 */
final class PreTokenizer {
    /** The split of GPT-2, built into the ByteLevel step. */
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String REST_SLASH = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LETTERS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
    private static final String LLAMA3 = CONTRACTIONS + LETTERS + "|\\p{N}{1,3}" + REST;
    private static final String QWEN2 = CONTRACTIONS + LETTERS + "|\\p{N}" + REST;
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    private static final String TEKKEN = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+|[^\\r\\n\\p{L}\\p{N}]?"
            + UPPER + "+" + LOWER + "*|\\p{N}" + REST_SLASH;
    private static final String GPT4O = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+" + SUFFIX
            + "|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+" + LOWER + "*" + SUFFIX + "|\\p{N}{1,3}" + REST_SLASH;
    private static final String DEEPSEEK3 =
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                    + " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    /** @param ignoreMerges what llama.cpp does for the name: whole words that are tokens skip merging */
    private record Known(String name, List<String> splits, boolean ignoreMerges) {}

    private static final List<Known> KNOWN = List.of(
            new Known("gpt-2", List.of(GPT2), false),
            new Known("smollm", List.of("\\p{N}", GPT2), false),
            new Known("llama-bpe", List.of(LLAMA3), true),
            new Known("smaug-bpe", List.of(LLAMA3), false),
            new Known("qwen2", List.of(QWEN2), false),
            new Known("tekken", List.of(TEKKEN), true),
            new Known("gpt-4o", List.of(GPT4O), false),
            new Known(
                    "deepseek-coder", List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"), false),
            new Known("deepseek-v3", List.of("\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3), false));

    /** Every name that llama-vocab.cpp of the pinned version takes. */
    private static final Set<String> NAMES =
            Set.of(("default minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral"
                            + " midm-2.0 lfm2 jina-v5-nano deepseek-llm deepseek-coder deepseek-v3 spark2_5 youtu falcon mpt"
                            + " starcoder gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert"
                            + " jais-2 gemma4 granite-embed-multi-311m sarvam-moe jina-v1-en jina-v2-code roberta-bpe whitespace"
                            + " refact command-r qwen2 deepseek-r1-qwen kormo f2llmv2 qwen35 stablelm2 olmo dbrx smaug-bpe"
                            + " poro-chat glm4 chatglm-bpe viking jais tekken smollm codeshell bloom gpt3-finnish exaone exaone4"
                            + " exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m"
                            + " tiny_aya cohere2moe superbpe trillion granite-docling bailingmoe bailingmoe2 llada-moe seed-coder"
                            + " hunyuan hunyuan-dense hy_v4 joyai-llm kimi-k2 ufakzeka grok-2 afmoe laguna minimax-m2 solar-open"
                            + " mellum2")
                    .split(" "));

    /** Names for which llama.cpp puts the begin-of-sequence token first unless the file says otherwise. */
    private static final Set<String> ADD_BOS = Set.of(
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
            "tekken",
            "chameleon");

    /** Names whose rule in llama.cpp leaves \p{M} out of the definition that they stand for. */
    private static final Set<String> APPROXIMATE = Set.of("tekken", "gpt-4o");

    private static final Logger LOG = LoggerFactory.getLogger(PreTokenizer.class);

    private PreTokenizer() {}

    static boolean addsBosByDefault(String name) {
        return ADD_BOS.contains(name);
    }

    /** Checks a name given by the user. */
    static String checked(String name) throws ConvertException {
        if (!NAMES.contains(name)) {
            throw new ConvertException("--pre " + name + ": llama.cpp has no such pre-tokenizer; it has "
                    + NAMES.stream().sorted().collect(Collectors.joining(", ")));
        }
        return name;
    }

    /**
     * @throws ConvertException naming the definition, if it is none of those that llama.cpp runs
     */
    static String recognise(HfTokenizer tokenizer) throws ConvertException {
        Optional<Json> definition = tokenizer.json.get("pre_tokenizer");
        boolean ignoreMerges = tokenizer.flag("ignore_merges");
        Optional<List<String>> splits = definition.flatMap(PreTokenizer::splits);
        if (splits.isPresent()) {
            for (Known known : KNOWN) {
                // Tekken's merges are complete, so its checkpoints say both.
                if (known.splits.equals(splits.get())
                        && (known.ignoreMerges == ignoreMerges || known.name.equals("tekken"))) {
                    if (APPROXIMATE.contains(known.name)) {
                        LOG.warn(
                                "{}: llama.cpp's \"{}\" splits letters from combining marks, where Hugging Face keeps"
                                        + " them together: text with such marks (Hindi, Thai, decomposed accents)"
                                        + " gets other tokens",
                                tokenizer.file,
                                known.name);
                    }
                    return known.name;
                }
            }
        }
        throw new ConvertException(tokenizer.file + ": its pre_tokenizer is none of those that llama.cpp has: "
                + definition.map(JsonText::of).orElse("null") + " with ignore_merges " + ignoreMerges
                + ". Recognised are "
                + KNOWN.stream().map(Known::name).collect(Collectors.joining(", "))
                + "; if you know one that splits text the same way, name it with --pre NAME");
    }

    /** The regular expressions that split the text, in order; empty if a step is none of those understood. */
    private static Optional<List<String>> splits(Json definition) {
        List<String> splits = new ArrayList<>();
        boolean byteLevel = false;
        List<Json> steps = definition.string("type").orElse("").equals("Sequence")
                ? definition.items("pretokenizers")
                : List.of(definition);
        for (Json step : steps) {
            // Bytes are mapped last; anything after that would see other characters.
            if (byteLevel) {
                return Optional.empty();
            }
            switch (step.string("type").orElse("")) {
                case "Digits" ->
                    splits.add(step.get("individual_digits").map(Json::isTrue).orElse(false) ? "\\p{N}" : "\\p{N}+");
                case "Split" -> {
                    Optional<String> regex = split(step);
                    if (regex.isEmpty()) {
                        return Optional.empty();
                    }
                    splits.add(regex.get());
                }
                case "ByteLevel" -> {
                    if (step.get("add_prefix_space").map(Json::isTrue).orElse(true)) {
                        return Optional.empty();
                    }
                    if (step.get("use_regex").map(Json::isTrue).orElse(true)) {
                        splits.add(GPT2);
                    }
                    byteLevel = true;
                }
                default -> {
                    return Optional.empty();
                }
            }
        }
        return byteLevel ? Optional.of(splits) : Optional.empty();
    }

    private static Optional<String> split(Json step) {
        String behavior = step.string("behavior").orElse("");
        boolean invert = step.get("invert").map(Json::isTrue).orElse(false);
        // The expressions match all of the text, so removing what does not match is the same as isolating what does.
        boolean isolates = behavior.equals("Isolated") && !invert || behavior.equals("Removed") && invert;
        Map<String, Json> pattern = step.fields("pattern");
        return isolates && pattern.get("Regex") instanceof Json.Str(var regex) ? Optional.of(regex) : Optional.empty();
    }
}
