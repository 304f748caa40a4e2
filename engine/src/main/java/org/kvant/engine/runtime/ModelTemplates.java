package org.kvant.engine.runtime;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.kvant.gguf.MetaValue;
import org.kvant.llama.Model;
import org.kvant.llama.Vocab;

/**
 * The chat templates in a model's file and what they need of its vocabulary.
 *
 * @param sources Jinja by name; the one without a name is {@code default}, and others are such as {@code tool_use}
 * @param tokens texts of special tokens by the names that templates have for them
 */
public record ModelTemplates(Map<String, String> sources, Map<String, String> tokens) {
    private static final String KEY = "tokenizer.chat_template";

    public static ModelTemplates of(Model model) {
        Map<String, String> sources = new HashMap<>();
        model.metadata().asMap().forEach((key, value) -> {
            if (value instanceof MetaValue.Str source && key.equals(KEY)) {
                sources.put("default", source.value());
            } else if (value instanceof MetaValue.Str source && key.startsWith(KEY + ".")) {
                sources.putIfAbsent(key.substring(KEY.length() + 1), source.value());
            }
        });
        Vocab vocab = model.vocab();
        return new ModelTemplates(
                Map.copyOf(sources),
                Map.of("bos_token", text(vocab, vocab.bos()), "eos_token", text(vocab, vocab.eos())));
    }

    private static String text(Vocab vocab, int token) {
        return token < 0 ? "" : new String(vocab.piece(token, true), StandardCharsets.UTF_8);
    }
}
